import { parseAddress } from "@warren/common/net/address.ts";
import type { ForwardingTableData } from "../route/forwarding-tables.ts";
import { encodeSockaddr, SOCKADDR_BYTES } from "../route/sockaddr.ts";
import type { TimestampRecord } from "../secure/greatest-timestamps.ts";
import type { HandshakeCounters } from "../secure/handshake-counters.ts";
import { type EpochTally, type KeyTally, readTally } from "../secure/key-tally.ts";
import type { OwnKeys } from "../secure/own-keys.ts";
import type { SealedPeerStatus } from "../secure/peer-status.ts";
import type { SealedPeer } from "../secure/sealed-peer.ts";
import { SealingCore } from "../secure/sealing-core.ts";
import type { Activity, Endpoint, SessionPath } from "../secure/session.ts";
import type { DataPlaneSealing, ForwardingPeer, SealingOptions } from "./data-plane.ts";

/** What the packet path gives to its sessions. */
export interface SessionDriverPorts {
  readonly path: SessionPath;
  readonly activity: Activity;
  readonly tally: KeyTally;
  /** The clock that `activity` is written by. */
  readonly now: () => number;
}

/** Gives the sans-I/O core its time: calls it when something came, and when something is due. */
export class SessionDriver implements DataPlaneSealing {
  readonly #options: SealingOptions;
  readonly #ports: SessionDriverPorts;
  #core: SealingCore | null = null;
  /** Of the run before this one; null before the first. */
  #timestamps: TimestampRecord | null = null;
  #cancel = (): void => {};

  constructor(options: SealingOptions, ports: SessionDriverPorts) {
    this.#options = options;
    this.#ports = ports;
  }

  /** What the packet path hears; each call may send messages and give orders to it. */
  readonly events = {
    handshake: (message: Uint8Array, from: Endpoint): void =>
      this.#tell((core, nowMs) => core.handshake(message, from, nowMs)),
    wanted: (slot: number): void => this.#tell((core, nowMs) => core.wanted(slot, nowMs)),
    lost: (slot: number): void => this.#tell((core, nowMs) => core.lost(slot, nowMs)),
    confirmed: (localIndex: number): void => this.#tell((core, nowMs) => core.confirmed(localIndex, nowMs)),
    roamed: (localIndex: number, from: Endpoint): void =>
      this.#tell((core, nowMs) => core.roamed(localIndex, from, nowMs)),
  };

  /** Without sessions: those of an earlier run ended with its workers. */
  start(): void {
    const { randomBytes, clock, keys, timestamps, warn } = this.#options;
    const { path, activity } = this.#ports;
    activity.fill(0);
    const core = new SealingCore({
      ...{ path, activity, random: randomBytes, keys: keys() },
      wallMs: () => clock.nowMs(),
      // After a restart peers go on sealing with sessions that are no more here, until they hear of new ones.
      eager: true,
      hooks: { timestamp: () => timestamps.touch(), warning: warn },
    });
    this.#timestamps ??= timestamps.read();
    core.restoreTimestamps(this.#timestamps);
    this.#core = core;
  }

  /** Also after a start that failed. While the packet path still obeys: it lets go of all keys. */
  stop(): void {
    this.#cancel();
    const core = this.#core;
    if (!core) return;
    this.#timestamps = core.timestamps();
    core.setPeers([], this.#ports.now());
    this.#core = null;
  }

  /**
   * The peers of a view, to be told before its tables are in use: what a packet for a new peer then asks for is known,
   * and nothing of a peer that went is left when its slot is another's.
   *
   * @param tables changed: the netmap says where a peer is, but where it was heard last is more to the point
   */
  setPeers(peers: readonly ForwardingPeer[], { counterSlots, sealedSockaddrs }: ForwardingTableData): void {
    this.#tell((core, nowMs) => {
      core.setPeers(sealedPeers(peers, counterSlots), nowMs);
      const endpoints = new Map(core.status().map(({ slot, endpoint }) => [slot, endpoint]));
      counterSlots.forEach((slot, index) => {
        const endpoint = endpoints.get(slot);
        if (endpoint) sealedSockaddrs.set(endpoint, index * SOCKADDR_BYTES);
      });
    });
  }

  setKeys(keys: OwnKeys): void {
    this.#tell((core, nowMs) => core.setKeys(keys, nowMs));
  }

  renew(sinceMs: number): void {
    this.#tell((core, nowMs) => core.renew(sinceMs, nowMs));
  }

  status(): SealedPeerStatus[] {
    return this.#core?.status() ?? [];
  }

  timestamps(): TimestampRecord {
    return this.#core?.timestamps() ?? this.#timestamps ?? {};
  }

  counters(): HandshakeCounters | null {
    return this.#core?.counters ?? null;
  }

  traffic(): EpochTally[] {
    return readTally(this.#ports.tally);
  }

  nowMs(): number {
    return this.#ports.now();
  }

  #tell(what: (core: SealingCore, nowMs: number) => void): void {
    const core = this.#core;
    if (!core) return;
    what(core, this.#ports.now());
    this.#schedule(core);
  }

  #schedule(core: SealingCore): void {
    this.#cancel();
    this.#cancel = (): void => {};
    const nowMs = this.#ports.now();
    if (core.nextMs === Infinity || core !== this.#core) return;
    this.#cancel = this.#options.clock.after(Math.max(0, core.nextMs - nowMs), () => {
      core.tick(this.#ports.now());
      this.#schedule(core);
    });
  }
}

/** Those of a view's peers that can have sessions. @param slots of each, in the same order */
function sealedPeers(peers: readonly ForwardingPeer[], slots: Uint16Array): SealedPeer[] {
  return peers.flatMap(({ nodeId, underlayAddress, sealing }, index) => {
    if (!sealing) return [];
    const endpoint = new Uint8Array(SOCKADDR_BYTES);
    encodeSockaddr(endpoint, 0, parseAddress(underlayAddress), sealing.port);
    const { publicKey, cipher, alsoAccepts, persistentKeepaliveMs } = sealing;
    const acceptedCiphers = [cipher, ...alsoAccepts];
    return [
      {
        ...{ slot: slots[index]!, nodeId, publicKey, psk: null, cipher, acceptedCiphers, endpoint },
        ...{ persistentKeepaliveMs, allowRoaming: true },
      },
    ];
  });
}
