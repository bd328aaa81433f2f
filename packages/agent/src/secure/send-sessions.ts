import type { SealingCipher } from "@warren/common/net/cipher.ts";
import { encodeTransport, TRANSPORT_HEADER } from "@warren/common/wire/wireguard.ts";
import type { Aead, AeadKey } from "./aead.ts";
import { SendCounter } from "./send-counter.ts";
import { type Activity, CONFIRMED, PER_SLOT, SENT, SENT_PACKET, type Session } from "./session.ts";
import { takeKey } from "./take-key.ts";

/** There is no session in use with the peer, or the one there is may not be used any more. Nothing was sealed. */
export const NO_SESSION = -1;

const TWO_32 = 2 ** 32;

/** What the sending side needs of a session. `sendKey` is wiped as soon as it is in use. */
export type SendSession = Omit<Session, "receiveKey">;

export interface SendSessionsOptions {
  /** One for each cipher, made for `bytes`. */
  readonly aeads: Readonly<Record<SealingCipher, Aead>>;
  /** The arena that messages are sealed in. */
  readonly bytes: Uint8Array;
  readonly activity: Activity;
  /** Peers that there can be: places in `activity`. */
  readonly slots: number;
}

interface Sending {
  /** Rises from session to session. */
  readonly number: number;
  readonly slot: number;
  readonly localIndex: number;
  readonly remoteIndex: number;
  readonly rejectAfterMs: number;
  readonly key: AeadKey;
  readonly counter: SendCounter;
}

/**
 * Keys to seal with, and the counters of those keys. Lives in the one thread that seals for a packet path. That no
 * counter is used twice with a key rests on this class alone: a counter belongs to a key for as long as there is one,
 * begins at 0 with a key nobody had before (a handshake's), is drawn before anything is sealed with it, and is written
 * nowhere, so that nothing can bring an old one back.
 */
export class SendSessions {
  readonly #aeads: Readonly<Record<SealingCipher, Aead>>;
  readonly #bytes: Uint8Array;
  readonly #activity: Activity;
  readonly #byIndex = new Map<number, Sending>();
  /** By slot. */
  readonly #inUse: (Sending | undefined)[];
  /** By slot: what `CONFIRMED` was when it was looked at last. */
  readonly #confirmed: Float64Array;
  #installed = 0;

  constructor(options: SendSessionsOptions) {
    this.#aeads = options.aeads;
    this.#bytes = options.bytes;
    this.#activity = options.activity;
    this.#inUse = Array.from({ length: options.slots }, () => undefined);
    this.#confirmed = new Float64Array(options.slots);
  }

  /**
   * Takes the key and wipes the bytes it came in. Not used before `use`.
   *
   * @throws when the session was installed before: its counter would begin again
   */
  install(session: SendSession): void {
    const { slot, localIndex, remoteIndex, rejectAfterMs } = session;
    if (this.#byIndex.has(localIndex)) throw new Error(`session ${localIndex} is installed already`);
    const key = takeKey(this.#aeads[session.cipher], session.sendKey);
    const number = this.#installed++;
    const counter = new SendCounter();
    this.#byIndex.set(localIndex, { number, slot, localIndex, remoteIndex, rejectAfterMs, key, counter });
  }

  /** The session's peer is sealed for with it from now on. One that was forgotten is not used. */
  use(localIndex: number): void {
    const session = this.#byIndex.get(localIndex);
    if (session) this.#inUse[session.slot] = session;
  }

  /** The key is gone, and its counter with it. */
  forget(localIndex: number): void {
    const session = this.#byIndex.get(localIndex);
    if (!session) return;
    session.key.wipe();
    this.#byIndex.delete(localIndex);
    if (this.#inUse[session.slot] === session) this.#inUse[session.slot] = undefined;
  }

  /** Whether something for the peer can be sealed now. */
  has(slot: number, nowMs: number): boolean {
    const session = this.#inUse[slot];
    return session !== undefined && nowMs < session.rejectAfterMs && !session.counter.isSpent;
  }

  /** Whether the session in use has sealed so much (2^60 messages) that another should replace it. */
  isWorn(slot: number): boolean {
    return this.#inUse[slot]?.counter.isWorn ?? false;
  }

  /**
   * Makes messages of `count` plaintexts. They stand `stride` bytes apart from `at` on, each with 16 bytes of room for
   * the header, then `length` bytes (the last: `last` bytes), then 16 bytes of room for the tag. Nothing is allocated.
   *
   * @returns how many were sealed, from the first; `NO_SESSION` when none may be. Fewer than `count` when the counter
   *   ends or the implementation fails; the rest is then still clear and must not be sent.
   */
  seal(slot: number, at: number, stride: number, count: number, length: number, last: number, nowMs: number): number {
    const session = this.#newest(slot);
    if (session === undefined || nowMs >= session.rejectAfterMs) return NO_SESSION;
    const { low, high } = session.counter;
    const drawn = session.counter.draw(count);
    if (drawn === 0) return NO_SESSION;
    this.#writeHeaders(session.remoteIndex, at, stride, drawn, low, high);
    const lastDrawn = drawn === count ? last : length;
    const sealed = session.key.seal(at + TRANSPORT_HEADER, stride, drawn, length, lastDrawn, low, high);
    if (sealed > 0) this.#note(slot, sealed > 1 || lastDrawn > 0, nowMs);
    return sealed;
  }

  /**
   * The session in use, or the one after it that the peer has confirmed since. Without one in use, packets wait and leave
   * in their order with `use`.
   */
  #newest(slot: number): Sending | undefined {
    const inUse = this.#inUse[slot];
    const confirmed = this.#activity[slot * PER_SLOT + CONFIRMED]!;
    if (inUse === undefined || confirmed === this.#confirmed[slot]) return inUse;
    this.#confirmed[slot] = confirmed;
    const next = this.#byIndex.get(confirmed);
    if (next === undefined || next.slot !== slot || next.number < inUse.number) return inUse;
    this.#inUse[slot] = next;
    return next;
  }

  #writeHeaders(receiver: number, at: number, stride: number, count: number, low: number, high: number): void {
    for (let i = 0; i < count; i++) {
      const carried = low + i < TWO_32 ? high : high + 1;
      encodeTransport(this.#bytes, at + i * stride, receiver, low + i, carried);
    }
  }

  #note(slot: number, isPacket: boolean, nowMs: number): void {
    this.#activity[slot * PER_SLOT + SENT] = nowMs;
    if (isPacket) this.#activity[slot * PER_SLOT + SENT_PACKET] = nowMs;
  }
}
