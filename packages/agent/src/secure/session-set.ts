import type { SealingCipher } from "@warren/common/net/cipher.ts";
import { REJECT_AFTER_MS } from "./timings.ts";

/** What the main thread keeps of a session; its keys are with the packet path. */
export interface HeldSession {
  readonly localIndex: number;
  readonly remoteIndex: number;
  readonly cipher: SealingCipher;
  /** Epoch of our static key in the handshake. */
  readonly keyEpoch: number;
  /** Which of the peer's identities (public and pre-shared key) the handshake was with: see `Peer.identity`. */
  readonly identity: number;
  /** Whether the first message of the handshake was ours. */
  readonly initiated: boolean;
  readonly bornMs: number;
}

/**
 * The sessions with one peer (paper §6.3): `previous` still opens what was under way, `current` seals, `next` was made by
 * the peer's initiation and seals nothing before the peer has shown that it has the keys.
 *
 * Two things differ from the kernel's, so that initiations that cross lose no packet. Both handshakes come to their end,
 * and of the two sessions both sides keep to the one whose initiator drew the lower index: without that each would seal
 * with the one that the other made, and nobody would renew it. And `previous` is given up only for another `previous`:
 * what the peer still seals with is never forgotten for a session that it may not have.
 *
 * Every method returns the sessions that fell out, for the caller to forget.
 */
export class SessionSet {
  previous: HeldSession | null = null;
  current: HeldSession | null = null;
  next: HeldSession | null = null;
  /** What waited as `next` when `current` came out of an initiation of ours: the two crossed on the way. */
  #crossed: HeldSession | null = null;

  /** The peer's response came: it has the keys, so the session is in use at once. */
  initiated(session: HeldSession): HeldSession[] {
    const gone = present(this.previous);
    this.previous = this.current;
    this.current = session;
    this.#crossed = this.next;
    return gone;
  }

  /** We answered an initiation of the peer. */
  answered(session: HeldSession): HeldSession[] {
    const gone = present(this.next);
    this.next = session;
    return gone;
  }

  /**
   * The peer sealed with its new session. Afterwards `current` is that one, or what it was where the two crossed. An
   * initiation that came after our handshake was over did not cross it: the peer may have lost its memory, and with it
   * all sessions but this.
   *
   * @returns null when the index is not that of `next`
   */
  confirmed(localIndex: number): HeldSession[] | null {
    const { current, next } = this;
    if (next?.localIndex !== localIndex) return null;
    const gone = present(this.previous);
    const stays = current !== null && this.#crossed === next && isKept(current, next);
    this.previous = stays ? next : current;
    this.current = stays ? current : next;
    this.next = null;
    return gone;
  }

  /** Takes out every session of which `isGone` says so. */
  drop(isGone: (session: HeldSession) => boolean): HeldSession[] {
    const gone: HeldSession[] = [];
    const keep = (session: HeldSession | null): HeldSession | null => {
      if (session === null || !isGone(session)) return session;
      gone.push(session);
      return null;
    };
    this.previous = keep(this.previous);
    this.current = keep(this.current);
    this.next = keep(this.next);
    return gone;
  }

  get isEmpty(): boolean {
    return this.previous === null && this.current === null && this.next === null;
  }

  /** When the first of them is past its use; Infinity without one. */
  get expiryMs(): number {
    return Math.min(expiry(this.previous), expiry(this.current), expiry(this.next));
  }
}

/** From then on the session neither seals nor opens, so nothing is lost with its keys (paper §6.2). */
export function expiry(session: HeldSession | null): number {
  return session === null ? Number.POSITIVE_INFINITY : session.bornMs + REJECT_AFTER_MS;
}

function present(session: HeldSession | null): HeldSession[] {
  return session === null ? [] : [session];
}

/** Of two sessions that crossed, whether the first is the one to keep: they are alike, and its initiator has the lower index. */
function isKept(current: HeldSession, next: HeldSession): boolean {
  const alike = current.identity === next.identity && current.cipher === next.cipher;
  return alike && current.localIndex < next.remoteIndex;
}
