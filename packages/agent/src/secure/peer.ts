import type { SealingCipher } from "@warren/common/net/cipher.ts";
import { toBase64 } from "./greatest-timestamps.ts";
import { CookieJar } from "./handshake/cookie-jar.ts";
import type { PendingHandshake } from "./handshake/initiator.ts";
import { createHandshakeCounters, type Refusal } from "./handshake-counters.ts";
import type { PeerTimers, TimedPeer } from "./peer-timers.ts";
import type { SealedPeer } from "./sealed-peer.ts";
import type { Endpoint } from "./session.ts";
import { SessionSet } from "./session-set.ts";

/** An initiation of ours that waits for its response. It was made with the cipher and keys that the peer has now. */
export interface PendingInitiation {
  readonly handshake: PendingHandshake;
  readonly keyEpoch: number;
  /** Responses to it that were not authentic. */
  forged: number;
}

/** Everything that is known of one peer. What belongs together in it is changed by the core and by the exchange. */
export class Peer implements TimedPeer {
  config: SealedPeer;
  /** Public key in base64. */
  key: string;
  /** Rises with every change of the public or the pre-shared key: tells sessions made before from those made after. */
  identity = 0;
  endpoint: Endpoint | null;
  cookies: CookieJar;
  pending: PendingInitiation | null = null;

  readonly sessions = new SessionSet();
  readonly timers: PeerTimers;
  readonly counters = createHandshakeCounters();
  lastRefusal: { readonly reason: Refusal; readonly atMs: number } | null = null;

  /** Last session that was in use for the first time; last initiation answered; 0 is never. */
  lastHandshakeMs = 0;
  answeredMs = Number.NEGATIVE_INFINITY;
  /** What the last initiation to the peer claimed for a time; the peer takes only later ones. */
  stampMs = Number.NEGATIVE_INFINITY;
  /** The same of the last initiation that the peer answered, so that it is known to have taken it. */
  takenMs = Number.NEGATIVE_INFINITY;
  /** When an initiation that has to wait for its turn may leave; null when none waits. */
  turnMs: number | null = null;

  /** The heap's. */
  dueMs = Number.POSITIVE_INFINITY;
  heapIndex = -1;

  constructor(config: SealedPeer, timers: PeerTimers) {
    this.config = config;
    this.key = toBase64(config.publicKey);
    this.endpoint = config.endpoint;
    this.cookies = new CookieJar(config.publicKey);
    this.timers = timers;
  }

  get persistentKeepaliveMs(): number {
    return this.config.persistentKeepaliveMs;
  }

  get isStale(): boolean {
    const { current } = this.sessions;
    return current !== null && (current.identity !== this.identity || current.cipher !== this.config.cipher);
  }

  accepts(cipher: SealingCipher): boolean {
    return cipher === this.config.cipher || this.config.acceptedCiphers.includes(cipher);
  }

  /** Public or pre-shared key in `config` are others than before. */
  identify(): void {
    this.identity++;
    this.key = toBase64(this.config.publicKey);
    this.cookies.wipe();
    this.cookies = new CookieJar(this.config.publicKey);
  }

  refuse(reason: Refusal, nowMs: number): void {
    this.counters.refused[reason]++;
    this.lastRefusal = { reason, atMs: nowMs };
  }
}
