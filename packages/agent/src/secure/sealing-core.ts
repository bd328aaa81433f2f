import { DeadlineHeap } from "./deadline-heap.ts";
import { GreatestTimestamps, type TimestampRecord, toBase64 } from "./greatest-timestamps.ts";
import type { Random } from "./handshake/cookie-maker.ts";
import type { HandshakeCounters } from "./handshake-counters.ts";
import { HandshakeExchange } from "./handshake-exchange.ts";
import { IndexTable } from "./index-table.ts";
import { InitiationPacer } from "./initiation-pacer.ts";
import type { OwnKeys } from "./own-keys.ts";
import { Peer } from "./peer.ts";
import { PeerBook } from "./peer-book.ts";
import { peerStatus, type SealedPeerStatus } from "./peer-status.ts";
import { drawJitterMs, PeerTimers } from "./peer-timers.ts";
import type { SealedPeer } from "./sealed-peer.ts";
import type { Activity, Endpoint, SessionEvents, SessionPath } from "./session.ts";
import { expiry } from "./session-set.ts";
import { INITIATION_SPACING_MS } from "./timings.ts";

/** What the core tells beside what it asks of the packet path. Called from within its methods; must not call back. */
export interface SealingHooks {
  /** The greatest timestamp of a peer rose: to be kept for `restoreTimestamps`. Key and timestamp are in base64. */
  readonly timestamp?: (key: string, timestamp: string) => void;
  /** Something that the administrator should see; rare, whatever comes in. */
  readonly warning?: (text: string) => void;
}

export interface SealingOptions {
  readonly path: SessionPath;
  readonly activity: Activity;
  readonly random: Random;
  /** The wall clock, for the timestamps of initiations alone; everything else goes by the monotonic one. */
  readonly wallMs: () => number;
  readonly keys: OwnKeys;
  readonly hooks?: SealingHooks;
  /** Initiations a second from which on senders have to show a cookie. Default 400, at 1.2 ms each. */
  readonly handshakesPerSecond?: number;
  /** Handshakes with every peer at once, rather than when traffic wants them. */
  readonly eager?: boolean;
}

/**
 * Handshakes and timers of all peers: the WireGuard protocol without its packets. No I/O, no clock, no randomness of its
 * own. After every call, `nextMs` says when `tick` is due; calling it more often does no harm.
 */
export class SealingCore implements SessionEvents {
  readonly #options: SealingOptions;
  readonly #peers = new PeerBook();
  readonly #deadlines = new DeadlineHeap<Peer>();
  readonly #pacer = new InitiationPacer();
  readonly #timestamps = new GreatestTimestamps();
  readonly #indices: IndexTable<Peer>;
  readonly #exchange: HandshakeExchange;

  constructor(options: SealingOptions) {
    this.#options = options;
    this.#indices = new IndexTable(options.random);
    this.#exchange = new HandshakeExchange(
      {
        path: options.path,
        peers: this.#peers,
        indices: this.#indices,
        timestamps: this.#timestamps,
        random: options.random,
        wallMs: options.wallMs,
        handshakesPerSecond: options.handshakesPerSecond ?? 400,
        onTimestamp: (key, timestamp) => options.hooks?.timestamp?.(key, toBase64(timestamp)),
      },
      options.keys,
    );
  }

  /** When `tick` is due; Infinity while nothing is. */
  get nextMs(): number {
    return this.#deadlines.nextMs;
  }

  /** Does what is due. @returns `nextMs` */
  tick(nowMs: number): number {
    for (let peer = this.#deadlines.first(nowMs); peer !== null; peer = this.#deadlines.first(nowMs)) {
      this.#advance(peer, nowMs);
    }
    return this.nextMs;
  }

  /**
   * Other static keys, after a rotation. Sessions stay; initiations under way with a key that is no more begin anew.
   * Peers learn of the key by their netmap, and make new sessions by themselves.
   */
  setKeys(keys: OwnKeys, nowMs: number): void {
    this.#exchange.setKeys(keys);
    for (const peer of this.#peers.all()) {
      const local = peer.pending?.handshake.local;
      if (local === undefined || local === keys.current.key || local === keys.previous?.key) continue;
      this.#anew(peer, nowMs);
      this.#advance(peer, nowMs);
    }
  }

  /**
   * The peers as they are from now on. Who is not among them any more has no session the moment this returns; who has
   * other keys or another cipher than before gets a new session at once, and keeps the old one until then.
   */
  setPeers(peers: readonly SealedPeer[], nowMs: number): void {
    const known = new Map(peers.map((peer) => [peer.slot, peer]));
    for (const peer of [...this.#peers.all()]) {
      if (known.get(peer.config.slot)?.nodeId !== peer.config.nodeId) this.#remove(peer);
    }
    const touched = peers.map((config) => {
      const peer = this.#peers.bySlot(config.slot);
      return peer === undefined ? this.#add(config, nowMs) : this.#change(peer, config, nowMs);
    });
    for (const peer of this.#peers.reindex()) {
      this.#options.hooks?.warning?.(
        `node ${peer.config.nodeId} claims the public key of another node; messages under it count as the other's`,
      );
    }
    // Not in the order of the netmap: nodes that all start at once would all ask the first peer first.
    const [low, high] = this.#options.random(2);
    const start = (low! | (high! << 8)) % Math.max(1, touched.length);
    for (const peer of [...touched.slice(start), ...touched.slice(0, start)]) this.#advance(peer, nowMs);
  }

  /**
   * Every session counts as over, whatever its age by this clock, and is made anew with every peer.
   * @param sinceMs how long ago that became so: what was made since is good
   */
  renew(sinceMs: number, nowMs: number): void {
    const bornMs = nowMs - sinceMs - INITIATION_SPACING_MS;
    for (const peer of this.#peers.all()) {
      this.#exchange.forget(peer.sessions.drop((session) => session.bornMs <= bornMs));
      if (!peer.sessions.isEmpty) continue;
      // A second initiation right after the first would be taken for a flood, and the answer to the first for nothing.
      if (!peer.timers.hasJustAsked(nowMs)) this.#anew(peer, nowMs);
      peer.timers.wanted(nowMs);
      this.#advance(peer, nowMs);
    }
  }

  handshake(message: Uint8Array, from: Endpoint, nowMs: number): void {
    const peer = this.#exchange.receive(message, from, nowMs);
    if (peer !== null) this.#advance(peer, nowMs);
  }

  wanted(slot: number, nowMs: number): void {
    const peer = this.#peers.bySlot(slot);
    if (peer === undefined) {
      this.#options.path.discard(slot);
      return;
    }
    peer.timers.wanted(nowMs);
    this.#advance(peer, nowMs);
  }

  /** Anybody can send such a message, so it counts for nothing while there is a session. */
  lost(slot: number, nowMs: number): void {
    const sessions = this.#peers.bySlot(slot)?.sessions;
    if (sessions && sessions.current === null && sessions.next === null) this.wanted(slot, nowMs);
  }

  confirmed(localIndex: number, nowMs: number): void {
    const peer = this.#indices.owner(localIndex);
    const gone = peer?.sessions.confirmed(localIndex);
    if (peer === undefined || gone == null) return;
    // Also when it is the one that was in use: the packet path may have gone over to the other by itself.
    if (peer.sessions.current !== null) this.#options.path.use(peer.sessions.current.localIndex);
    this.#exchange.forget(gone);
    peer.lastHandshakeMs = nowMs;
    if (!peer.isStale) {
      this.#exchange.abandon(peer);
      peer.timers.established();
    }
    this.#advance(peer, nowMs);
  }

  roamed(localIndex: number, from: Endpoint, _nowMs: number): void {
    const peer = this.#indices.owner(localIndex);
    if (peer !== undefined) this.#exchange.heard(peer, from);
  }

  /** Of what no peer is known for, or none yet. */
  get counters(): HandshakeCounters {
    return this.#exchange.counters;
  }

  status(): SealedPeerStatus[] {
    return [...this.#peers.all()].map(peerStatus);
  }

  /** The greatest timestamp of every peer, for `restoreTimestamps` after a restart. */
  timestamps(): TimestampRecord {
    return this.#timestamps.snapshot();
  }

  /**
   * To be called before the first message is taken: initiations from before the restart are refused.
   *
   * @throws `state-corrupt`
   */
  restoreTimestamps(record: TimestampRecord): void {
    const future = this.#timestamps.restore(record, this.#options.wallMs());
    if (future > 0) {
      this.#options.hooks?.warning?.(
        `the greatest handshake timestamps of ${future} peers lie more than ten minutes in the future and are ignored: ` +
          "the clock was ahead when they came, or is behind now; check this node's time",
      );
    }
  }

  #add(config: SealedPeer, nowMs: number): Peer {
    const jitterMs = () => drawJitterMs(this.#options.random);
    const peer = new Peer(config, new PeerTimers(this.#options.activity, config.slot, nowMs, jitterMs));
    this.#peers.add(peer);
    if (peer.endpoint !== null) this.#options.path.redirect(config.slot, peer.endpoint);
    if (this.#options.eager) peer.timers.wanted(nowMs);
    return peer;
  }

  #change(peer: Peer, config: SealedPeer, nowMs: number): Peer {
    const before = peer.config;
    peer.config = config;
    if (config.endpoint !== null && !equal(config.endpoint, before.endpoint))
      this.#exchange.move(peer, config.endpoint);
    const otherKeys = !equal(config.publicKey, before.publicKey) || !equal(config.psk, before.psk);
    if (otherKeys) peer.identify();
    if (otherKeys || config.cipher !== before.cipher) this.#anew(peer, nowMs);
    this.#exchange.forget(peer.sessions.drop((session) => !peer.accepts(session.cipher)));
    return peer;
  }

  #remove(peer: Peer): void {
    this.#exchange.abandon(peer);
    this.#exchange.forget(peer.sessions.drop(() => true));
    this.#options.path.discard(peer.config.slot);
    peer.cookies.wipe();
    this.#deadlines.remove(peer);
    this.#peers.remove(peer);
  }

  /** What is under way was made with what is no more. */
  #anew(peer: Peer, nowMs: number): void {
    this.#exchange.abandon(peer);
    peer.timers.changed(nowMs);
  }

  /** Does what is due with the peer. Every step moves its own deadline beyond now, so it comes to an end. */
  #advance(peer: Peer, nowMs: number): void {
    for (;;) {
      const { step, atMs } = peer.timers.next(peer, nowMs);
      if (atMs > nowMs) {
        peer.turnMs = null;
        this.#deadlines.set(peer, atMs);
        return;
      }
      if (step === "initiate") {
        peer.turnMs ??= this.#pacer.reserve(nowMs);
        if (peer.turnMs > nowMs) {
          this.#deadlines.set(peer, peer.turnMs);
          return;
        }
        peer.turnMs = null;
        this.#initiate(peer, nowMs);
      } else if (step === "keepalive") {
        this.#options.path.keepalive(peer.config.slot);
        peer.timers.keepaliveSent(nowMs);
      } else if (step === "give-up") {
        this.#giveUp(peer, nowMs);
      } else {
        this.#exchange.forget(peer.sessions.drop((session) => expiry(session) <= nowMs));
      }
    }
  }

  #initiate(peer: Peer, nowMs: number): void {
    if (this.#exchange.initiate(peer, nowMs)) peer.timers.initiationSent(nowMs);
    else this.#giveUp(peer, nowMs);
  }

  #giveUp(peer: Peer, nowMs: number): void {
    this.#exchange.abandon(peer);
    peer.timers.gaveUp(nowMs);
    peer.counters.givenUp++;
    this.#options.path.discard(peer.config.slot);
  }
}

function equal(a: Uint8Array | null, b: Uint8Array | null): boolean {
  return a === null || b === null ? a === b : Buffer.compare(a, b) === 0;
}
