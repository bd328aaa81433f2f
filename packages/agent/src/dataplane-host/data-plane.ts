import type { DataplaneKind } from "@warren/common/api/types.ts";
import type { SealingCipher } from "@warren/common/net/cipher.ts";
import type { Clock } from "@warren/common/runtime/clock.ts";
import type { Framing } from "@warren/common/wire/overhead.ts";
import type { DropReason } from "../dataplane/drop.ts";
import type { Direction } from "../dataplane/stages.ts";
import type { TimestampRecord } from "../secure/greatest-timestamps.ts";
import type { Random } from "../secure/handshake/cookie-maker.ts";
import type { HandshakeCounters } from "../secure/handshake-counters.ts";
import type { EpochTally } from "../secure/key-tally.ts";
import type { OwnKeys } from "../secure/own-keys.ts";
import type { SealedPeerStatus } from "../secure/peer-status.ts";

/**
 * What the rest of the agent knows of the packet path. Three implementations: worker threads on a TUN device, the same
 * pipeline in the calling thread on memory devices (the simulator), and a vxlan device of the kernel. All methods are
 * asynchronous so that this is a deployment choice; `testing/data-plane-contract.ts` is the suite that all pass.
 */
export interface DataPlane {
  /**
   * Does all of `start` that can be done while another packet path holds the device's name and the port, for that view.
   * Optional to have and to call; `start` goes on from there and `stop` gives it back.
   */
  prepare?(view: ForwardingView): Promise<void>;
  /** Opens the devices, starts to forward with an empty view (nothing is sent, what arrives is dropped). */
  start(): Promise<void>;
  /** Replaces the whole view, between two batches. Resolves when every worker uses the new one. */
  apply(view: ForwardingView): Promise<void>;
  /**
   * Sends from, and listens at, another underlay address of this host from now on, with the same peers and sessions; also
   * while it is stopped, for the next start. Throws `address-not-local`, `port-in-use`, and the old one stays.
   */
  rebind(underlayAddress: string): Promise<void>;
  /** Counters as of now; reads shared memory, so it never waits for a worker. */
  stats(): DataPlaneStats;
  /**
   * Begins, or ends, to time the stages of the packet path, which costs a little of its speed. Resolves when every worker
   * has. Off after each start; nothing happens when it is already so.
   */
  timeStages(on: boolean): Promise<void>;
  /** Ends the workers, closes the devices. */
  stop(): Promise<void>;
  /** Null for a path that cannot seal. */
  sealing?(): DataPlaneSealing | null;
  /** Called when the path ends by itself (a worker, the device): it is down and the agent must say so. */
  onFailure(listener: (error: Error) => void): void;
}

export interface DataPlaneOptions {
  /** Name of the TUN device, at most 15 bytes. */
  readonly tunName: string;
  /** Underlay address to bind and to send from, IPv4 or IPv6. */
  readonly underlayAddress: string;
  /** UDP port of VXLAN, ours and our peers' (a peer may name another). */
  readonly port: number;
  /** VXLAN network identifier, 24 bits. */
  readonly vni: number;
  /** Ethernet address of this VTEP, `02:…` text. */
  readonly vtepMac: string;
  /** MTU of the TUN device: underlay MTU less the overhead of `common/wire/overhead.ts`. */
  readonly overlayMtu: number;
  /** How packets leave and arrive until a view says otherwise; default `plain`. */
  readonly framing?: Framing;
  /** What sealing needs; without it, no view may ask for it. */
  readonly sealing?: SealingOptions;
}

export interface SealingOptions {
  /** UDP port of sealed traffic. */
  readonly port: number;
  /** For timers, and the wall time in handshakes. */
  readonly clock: Clock;
  /** Unpredictable ones: ephemeral keys are made of them. */
  readonly randomBytes: Random;
  /** Those of the moment: asked for at each start. */
  readonly keys: () => OwnKeys;
  /** The greatest timestamp of each peer's handshakes, which outlives the process. */
  readonly timestamps: TimestampStore;
  readonly warn: (text: string) => void;
}

export interface TimestampStore {
  read(): TimestampRecord;
  /** `DataPlaneSealing.timestamps` has more than before. */
  touch(): void;
}

/** What a running packet path tells of sessions, and is told of keys. */
export interface DataPlaneSealing {
  setKeys(keys: OwnKeys): void;
  /**
   * More time has passed than the clocks of the packet path may know of: every session is over, and is made anew, but those
   * of the last `sinceMs`.
   */
  renew(sinceMs: number): void;
  status(): SealedPeerStatus[];
  /** The greatest timestamp of each peer's handshakes so far. */
  timestamps(): TimestampRecord;
  /** Of messages that belong to no known peer; null while the path is down. */
  counters(): HandshakeCounters | null;
  /** What became of messages, by the epoch of this node's key. */
  traffic(): EpochTally[];
  /** The clock of the moments in `status`. */
  nowMs(): number;
}

/** What the packet path must know of the mesh: immutable, compiled to typed arrays, swapped whole. */
export interface ForwardingView {
  /** How packets leave; default `plain`. */
  readonly framing?: Framing;
  /** How packets may arrive; default the same. Both only while a cluster changes from one to the other. */
  readonly accepts?: readonly Framing[];
  /** Longest inner packet that may leave; default the one of the options. */
  readonly overlayMtu?: number;
  /** Prefixes of this node; the inner source of what leaves and the inner destination of what arrives is in them. */
  readonly localPrefixes: readonly string[];
  readonly peers: readonly ForwardingPeer[];
}

export interface ForwardingPeer {
  /** Stable over views: counters follow the id. */
  readonly nodeId: string;
  readonly underlayAddress: string;
  readonly port: number;
  readonly vtepMac: string;
  /** Prefixes behind the peer: destinations that go to it, and the only inner sources accepted from it. */
  readonly prefixes: readonly string[];
  /** Null, or not there: nothing can be sealed for this peer, and nothing sealed comes from it. */
  readonly sealing?: PeerSealing | null;
}

/** How a peer's traffic is sealed. */
export interface PeerSealing {
  /** X25519, 32 bytes. */
  readonly publicKey: Uint8Array;
  /** UDP port of the peer's sealed traffic, at its underlay address. */
  readonly port: number;
  readonly cipher: SealingCipher;
  /** Ciphers whose sessions and handshakes are good as well, for as long as a change takes. */
  readonly alsoAccepts: readonly SealingCipher[];
  /** A message goes out when nothing else did for so long; 0 for never. */
  readonly persistentKeepaliveMs: number;
}

export interface TrafficCounters {
  /** Inner packets, after segmentation on egress and before coalescing on ingress. */
  readonly txPackets: number;
  readonly txBytes: number;
  readonly rxPackets: number;
  readonly rxBytes: number;
}

export interface DataPlaneStats {
  readonly kind: DataplaneKind;
  readonly total: TrafficCounters;
  /** By node id; null where the path does not count its peers apart. */
  readonly peers: ReadonlyMap<string, TrafficCounters> | null;
  /** Dropped packets by reason, every reason present. */
  readonly drops: Readonly<Record<DropReason, number>>;
  /** System calls on the path, to see how well batching works. */
  readonly syscalls: {
    readonly tunRead: number;
    readonly tunWrite: number;
    readonly udpSend: number;
    readonly udpReceive: number;
  };
  /** What the timing of stages has counted in each worker; complete while it is off. */
  readonly workers: readonly WorkerTimes[];
  /** Which offloads the kernel gave, probed at start; null where the kernel forwards and they are its own. */
  readonly offloads: Offloads | null;
}

/** Sums over all times that stages were timed. Of the rounds of a worker's loop only some are timed. */
export interface WorkerTimes {
  readonly directions: readonly Direction[];
  /** CPU time of the thread, and the part of it that the timing took. */
  readonly cpuNs: number;
  readonly ownNs: number;
  readonly rounds: number;
  readonly timedRounds: number;
  /** Part of the stages' time in which the thread did not run, not known of which stage. */
  readonly unplacedNs: number;
  /** In the order of `STAGES`, of timed rounds only. */
  readonly stages: readonly { readonly ns: number; readonly visits: number }[];
}

export interface Offloads {
  readonly tunVnetHdr: boolean;
  readonly tunTso: boolean;
  readonly tunUso: boolean;
  readonly udpSegment: boolean;
  readonly udpGro: boolean;
}
