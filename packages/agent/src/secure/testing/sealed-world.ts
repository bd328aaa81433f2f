import type { SealingCipher } from "@warren/common/net/cipher.ts";
import { seededRandom } from "../../platform/memory/random.ts";
import { encodeSockaddr, SOCKADDR_V4 } from "../../route/sockaddr.ts";
import { StaticKey } from "../handshake/static-key.ts";
import type { SealedPeer } from "../sealed-peer.ts";
import { SealingCore, type SealingOptions } from "../sealing-core.ts";
import type { Endpoint } from "../session.ts";
import { FakeSessionPath } from "./fake-session-path.ts";

/** What a link does with a datagram: one delay in ms for each copy that arrives; none when it is lost. */
export type Link = (message: Uint8Array, from: number, to: number) => readonly number[];

/** What the wall clocks show when the monotonic clock is at 0. */
export const WALL_MS = Date.UTC(2026, 0, 1);

/** One node of the world: its core, its packet path, and what it is known by. */
export interface WorldNode {
  readonly id: number;
  core: SealingCore;
  path: FakeSessionPath;
  key: StaticKey;
  endpoint: Endpoint;
  /** How far its wall clock is off. */
  wallOffsetMs: number;
  readonly warnings: string[];
}

/** Nodes that are joined by one link, in virtual time. The same seed gives the same run. */
export class SealedWorld {
  nowMs = 1_000;
  link: Link = () => [1];
  readonly faults = { found: [] as string[] };
  readonly nodes: WorldNode[] = [];
  readonly random: () => number;
  readonly #flying: { readonly atMs: number; readonly to: Endpoint; readonly from: Endpoint; message: Uint8Array }[] =
    [];

  constructor(seed = 1) {
    this.random = seededRandom(seed);
  }

  readonly bytes = (count: number): Uint8Array => Uint8Array.from({ length: count }, () => this.random() * 256);

  add(options: Partial<SealingOptions> = {}): WorldNode {
    const id = this.nodes.length;
    const node = { id, key: StaticKey.create(this.bytes(32)), endpoint: endpointOf(id + 1), wallOffsetMs: 0 };
    const added: WorldNode = { ...node, warnings: [], core: undefined as never, path: undefined as never };
    this.nodes.push(added);
    this.restart(added, options);
    return added;
  }

  /** A new agent in the place of the old: nothing in memory is left. */
  restart(node: WorldNode, options: Partial<SealingOptions> = {}): void {
    const path = new FakeSessionPath({
      now: () => this.nowMs,
      send: (to, message) => this.send(node.endpoint, to, message),
      faults: this.faults,
      slots: 64,
    });
    node.path = path;
    node.core = new SealingCore({
      path,
      activity: path.activity,
      random: this.bytes,
      wallMs: () => WALL_MS + this.nowMs + node.wallOffsetMs,
      keys: { current: { epoch: 1, key: node.key }, previous: null },
      hooks: { warning: (text) => node.warnings.push(text) },
      ...options,
    });
    path.events = node.core;
  }

  /** How `of` knows `node`: the slot is the id. */
  peer(node: WorldNode, change: Partial<SealedPeer> = {}): SealedPeer {
    const cipher: SealingCipher = change.cipher ?? "chacha20-poly1305";
    return {
      slot: node.id,
      nodeId: `node-${node.id}`,
      publicKey: node.key.publicKey,
      psk: null,
      cipher,
      acceptedCiphers: [cipher],
      endpoint: endpointOf(node.id + 1),
      persistentKeepaliveMs: 0,
      allowRoaming: false,
      ...change,
    };
  }

  /** Two nodes that know each other. */
  pair(change: Partial<SealedPeer> = {}, options: Partial<SealingOptions> = {}): [WorldNode, WorldNode] {
    const a = this.add(options);
    const b = this.add(options);
    a.core.setPeers([this.peer(b, change)], this.nowMs);
    b.core.setPeers([this.peer(a, change)], this.nowMs);
    return [a, b];
  }

  send(from: Endpoint, to: Endpoint, message: Uint8Array): void {
    for (const delayMs of this.link(message, idOf(from), idOf(to))) {
      const atMs = this.nowMs + delayMs;
      const after = this.#flying.findIndex((other) => other.atMs > atMs);
      this.#flying.splice(after < 0 ? this.#flying.length : after, 0, { atMs, to, from, message: message.slice() });
    }
  }

  /** Lets time pass up to that moment; whatever happens at it has happened. */
  runTo(endMs: number): void {
    for (;;) {
      const ticksMs = Math.min(...this.nodes.map((node) => node.core.nextMs));
      const nextMs = Math.min(ticksMs, this.#flying[0]?.atMs ?? Number.POSITIVE_INFINITY);
      if (nextMs > endMs) break;
      this.nowMs = Math.max(this.nowMs, nextMs);
      const datagram = this.#flying[0];
      if (datagram !== undefined && datagram.atMs <= this.nowMs) {
        this.#flying.shift();
        const to = this.nodes.find((node) => Buffer.compare(node.endpoint, datagram.to) === 0);
        to?.path.datagram(datagram.message, datagram.from);
      } else {
        for (const node of this.nodes) node.core.tick(this.nowMs);
      }
    }
    this.nowMs = Math.max(this.nowMs, endMs);
    for (const node of this.nodes) node.path.checkAges();
  }

  /** Whether a packet each way arrives at once: each side seals with a session that the other opens. */
  agree(a: WorldNode, b: WorldNode): boolean {
    const before = [a.path.received.length, b.path.received.length];
    a.path.packet(b.id, 901);
    b.path.packet(a.id, 902);
    this.run(50);
    return a.path.received.length === before[0]! + 1 && b.path.received.length === before[1]! + 1;
  }

  run(forMs: number): void {
    this.runTo(this.nowMs + forMs);
  }
}

/** 10.0.0.n:51820 */
export function endpointOf(n: number, port = 51820): Endpoint {
  const endpoint = new Uint8Array(16);
  encodeSockaddr(endpoint, 0, { family: 4, bytes: Uint8Array.of(10, 0, n >>> 8, n) }, port);
  return endpoint;
}

function idOf(endpoint: Endpoint): number {
  return ((endpoint[SOCKADDR_V4 + 2]! << 8) | endpoint[SOCKADDR_V4 + 3]!) - 1;
}
