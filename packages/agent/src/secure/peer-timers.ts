import { type Activity, PER_SLOT, RECEIVED, RECEIVED_PACKET, SENT, SENT_PACKET } from "./session.ts";
import type { SessionSet } from "./session-set.ts";
import {
  INITIATION_SPACING_MS,
  KEEPALIVE_MS,
  POLL_MS,
  REKEY_AFTER_MS,
  REKEY_ATTEMPT_MS,
  REKEY_BY_ANSWERER_MS,
  REKEY_JITTER_MS,
  REKEY_ON_RECEIVE_MS,
  REKEY_TIMEOUT_MS,
  SILENCE_MS,
} from "./timings.ts";

const NEVER = Number.NEGATIVE_INFINITY;
const NOT_YET = Number.POSITIVE_INFINITY;

/** What is to be done with a peer next. `look`: nothing but to read again what the packet path wrote. */
export type Step = "expire" | "give-up" | "initiate" | "keepalive" | "look";

/** What the timers have to know of a peer; it does not change them. */
export interface TimedPeer {
  readonly sessions: SessionSet;
  readonly persistentKeepaliveMs: number;
  /** Whether the session in use was made under a name or with keys that are no longer those of the peer. */
  readonly isStale: boolean;
}

/**
 * The timers of one peer (paper §6), as one question: what comes next, and when? There are no events per packet: the
 * packet path writes down when it last sent and received, and the moments here are derived from that.
 */
export class PeerTimers {
  /** Last initiation, or response, to the peer. */
  #handshakeSentMs = NEVER;
  #handshakeReceivedMs = NEVER;
  #keepaliveMs = NEVER;
  /** Since when a packet waits; since when keys or cipher are others; when the last attempt was given up. */
  #wantedMs = NOT_YET;
  #changedMs = NEVER;
  #gaveUpMs = NEVER;
  /** First packet of the peer that nothing of ours followed, and of ours that nothing of the peer's followed. */
  #owedMs = NOT_YET;
  #silentMs = NOT_YET;
  #silenceJitterMs = 0;
  #attempt: { startedMs: number; retryMs: number; count: number } | null = null;

  readonly #activity: Activity;
  readonly #base: number;
  readonly #knownSinceMs: number;
  readonly #jitterMs: () => number;

  /**
   * @param knownSinceMs what is older in `activity` is of another peer that had the slot
   * @param jitterMs drawn anew for each timer: 0 to `REKEY_JITTER_MS`
   */
  constructor(activity: Activity, slot: number, knownSinceMs: number, jitterMs: () => number) {
    this.#activity = activity;
    this.#base = slot * PER_SLOT;
    this.#knownSinceMs = knownSinceMs;
    this.#jitterMs = jitterMs;
  }

  /** Initiations of the attempt that is under way; 0 without one. */
  get attempts(): number {
    return this.#attempt?.count ?? 0;
  }

  /** What comes next: due when its moment is not after `nowMs`. */
  next(peer: TimedPeer, nowMs: number): { readonly step: Step; readonly atMs: number } {
    const { sessions } = peer;
    if (sessions.expiryMs <= nowMs) return { step: "expire", atMs: sessions.expiryMs };
    this.#observe();

    let step: Step = "look";
    let atMs = sessions.isEmpty ? NOT_YET : nowMs + POLL_MS;
    const consider = (other: Step, otherMs: number): void => {
      if (otherMs >= atMs) return;
      step = other;
      atMs = otherMs;
    };
    consider("expire", sessions.expiryMs);
    if (this.#attempt !== null) {
      consider("give-up", this.#attempt.startedMs + REKEY_ATTEMPT_MS);
      consider("initiate", this.#attempt.retryMs);
    } else {
      consider("initiate", this.#handshakeMs(peer));
    }
    if (sessions.current !== null) consider("keepalive", this.#keepaliveDueMs(peer));
    return { step, atMs };
  }

  /** Whether an initiation has left so short a while ago that the peer would not take another. */
  hasJustAsked(nowMs: number): boolean {
    return this.#handshakeSentMs > nowMs - INITIATION_SPACING_MS;
  }

  /** A packet waits, or a session has sealed nearly all it may. Who still wants is not given up on (paper §6.4). */
  wanted(nowMs: number): void {
    if (this.#attempt !== null) this.#attempt.startedMs = nowMs;
    else if (this.#wantedMs === NOT_YET) this.#wantedMs = nowMs;
  }

  /** Keys or cipher of the peer are others: what was tried so far was tried with another, and the next try may be now. */
  changed(nowMs: number): void {
    this.#changedMs = nowMs;
    if (this.#attempt !== null) this.#wantedMs = this.#attempt.startedMs;
    this.#attempt = null;
    this.#handshakeSentMs = NEVER;
  }

  initiationSent(nowMs: number): void {
    const { startedMs, count } = this.#attempt ?? { startedMs: nowMs, count: 0 };
    this.#attempt = { startedMs, count: count + 1, retryMs: nowMs + REKEY_TIMEOUT_MS + this.#jitterMs() };
    this.#handshakeSentMs = nowMs;
    this.#wantedMs = NOT_YET;
    this.#silentMs = NOT_YET;
  }

  responseSent(nowMs: number): void {
    this.#handshakeSentMs = nowMs;
  }

  handshakeReceived(nowMs: number): void {
    this.#handshakeReceivedMs = nowMs;
  }

  /** A session is in use: nothing is wanted any more. */
  established(): void {
    this.#attempt = null;
    this.#wantedMs = NOT_YET;
  }

  keepaliveSent(nowMs: number): void {
    this.#keepaliveMs = nowMs;
  }

  /** Nobody answers, or there is no address to ask: only what is sent from now on is a reason to try again. */
  gaveUp(nowMs: number): void {
    if (this.#attempt === null) this.#handshakeSentMs = nowMs;
    this.#attempt = null;
    this.#wantedMs = NOT_YET;
    this.#gaveUpMs = nowMs;
  }

  #observe(): void {
    const sentMs = this.#lastSentMs;
    if (sentMs >= this.#owedMs) this.#owedMs = NOT_YET;
    const receivedPacketMs = this.#moment(RECEIVED_PACKET);
    if (this.#owedMs === NOT_YET && receivedPacketMs > sentMs) this.#owedMs = receivedPacketMs;

    const receivedMs = this.#lastReceivedMs;
    if (receivedMs >= this.#silentMs) this.#silentMs = NOT_YET;
    const sentPacketMs = this.#moment(SENT_PACKET);
    if (this.#silentMs === NOT_YET && sentPacketMs > Math.max(receivedMs, this.#handshakeSentMs, this.#gaveUpMs)) {
      this.#silentMs = sentPacketMs;
      this.#silenceJitterMs = this.#jitterMs();
    }
  }

  /** When a handshake is to begin: the first of the reasons for one, but not so soon after the last (paper §6.1). */
  #handshakeMs(peer: TimedPeer): number {
    const { current } = peer.sessions;
    const soonestMs = this.#handshakeSentMs + REKEY_TIMEOUT_MS;
    // Wanted while a session was being made, and sent with that since.
    if (soonestMs > this.#wantedMs && current !== null && this.#moment(SENT_PACKET) >= this.#wantedMs) {
      this.#wantedMs = NOT_YET;
    }
    let atMs = Math.min(this.#wantedMs, this.#silentMs + SILENCE_MS + this.#silenceJitterMs);
    if (current === null) {
      atMs = Math.min(atMs, this.#keepaliveDueMs(peer));
    } else {
      const sentMs = this.#moment(SENT);
      const receivedMs = this.#moment(RECEIVED);
      const renewMs = current.bornMs + (current.initiated ? REKEY_AFTER_MS : REKEY_BY_ANSWERER_MS);
      if (sentMs >= renewMs) atMs = Math.min(atMs, this.#anew(sentMs));
      if (current.initiated && receivedMs >= current.bornMs + REKEY_ON_RECEIVE_MS) {
        atMs = Math.min(atMs, this.#anew(receivedMs));
      }
      if (peer.isStale) atMs = Math.min(atMs, this.#anew(Math.max(this.#changedMs, current.bornMs, sentMs)));
    }
    return Math.max(atMs, soonestMs);
  }

  /** The moment, if it is after the last attempt that was given up. */
  #anew(momentMs: number): number {
    return momentMs > this.#gaveUpMs ? momentMs : NOT_YET;
  }

  #keepaliveDueMs(peer: TimedPeer): number {
    const everyMs = peer.persistentKeepaliveMs;
    const persistentMs = everyMs > 0 ? Math.max(this.#lastSentMs, this.#lastReceivedMs) + everyMs : NOT_YET;
    return Math.min(this.#owedMs + KEEPALIVE_MS, persistentMs);
  }

  get #lastSentMs(): number {
    return Math.max(this.#moment(SENT), this.#handshakeSentMs, this.#keepaliveMs);
  }

  get #lastReceivedMs(): number {
    return Math.max(this.#moment(RECEIVED), this.#handshakeReceivedMs);
  }

  #moment(which: number): number {
    const ms = this.#activity[this.#base + which]!;
    return ms > this.#knownSinceMs ? ms : NEVER;
  }
}

/** A draw of jitter from random bytes. */
export function drawJitterMs(random: (bytes: number) => Uint8Array): number {
  const [low, high] = random(2);
  return (low! | (high! << 8)) % (REKEY_JITTER_MS + 1);
}
