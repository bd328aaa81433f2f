import type { SealingCipher } from "@warren/common/net/cipher.ts";
import {
  KEEPALIVE_BYTES,
  TRANSPORT_COUNTER,
  TRANSPORT_HEADER,
  TRANSPORT_RECEIVER,
} from "@warren/common/wire/wireguard.ts";
import type { Aead, AeadKey } from "./aead.ts";
import { countOpened, countUndecryptable, KEY_TALLY_BYTES, type KeyTally, openTally } from "./key-tally.ts";
import { ReplayWindow } from "./replay-window.ts";
import { type Activity, CONFIRMED, PER_SLOT, RECEIVED, RECEIVED_PACKET, type Session } from "./session.ts";
import { takeKey } from "./take-key.ts";

/** Verdicts on a message that was not opened. */
export const UNKNOWN_SESSION = -1;
export const EXPIRED = -2;
export const REPLAYED = -3;
export const FORGED = -4;

/** What the receiving side needs of a session. `receiveKey` is wiped as soon as it is in use. */
export type ReceiveSession = Omit<Session, "sendKey" | "remoteIndex">;

export interface ReceiveSessionsOptions {
  /** One for each cipher, made for `bytes`. */
  readonly aeads: Readonly<Record<SealingCipher, Aead>>;
  /** The arena that messages are opened in. */
  readonly bytes: Uint8Array;
  readonly activity: Activity;
  /** Default: one that nobody looks at. */
  readonly tally?: KeyTally;
}

/** sockaddr_in6 without its flow information: what tells two endpoints apart. An IPv4 one has the first two words only. */
const ENDPOINT_WORDS = 7;
const AF_INET = 2;

interface Receiving {
  readonly slot: number;
  readonly localIndex: number;
  readonly rejectAfterMs: number;
  readonly key: AeadKey;
  readonly window: ReplayWindow;
  /** Where its epoch is counted. */
  readonly tallyAt: number;
  /** Where its last message came from, as the words of a socket address. */
  readonly endpoint: Int32Array;
  isConfirmed: boolean;
}

/**
 * Keys to open with, and the replay windows of those keys. Lives in the one thread that opens for a packet path. A map
 * from 32-bit numbers is kept by V8 without objects for its keys; nothing is allocated for a message.
 */
export class ReceiveSessions {
  readonly #aeads: Readonly<Record<SealingCipher, Aead>>;
  readonly #view: DataView;
  readonly #activity: Activity;
  readonly #tally: KeyTally;
  /** By index as a signed number: all of those are small integers to V8. */
  readonly #byIndex = new Map<number, Receiving>();
  /** That of the last message: the next is most likely of the same. */
  #last: Receiving | undefined;

  constructor(options: ReceiveSessionsOptions) {
    const { buffer, byteOffset, byteLength } = options.bytes;
    this.#aeads = options.aeads;
    this.#view = new DataView(buffer, byteOffset, byteLength);
    this.#activity = options.activity;
    this.#tally = options.tally ?? new Float64Array(KEY_TALLY_BYTES / Float64Array.BYTES_PER_ELEMENT);
  }

  /**
   * Takes the key and wipes the bytes it came in. Messages that name the session are opened from now on.
   *
   * @throws when the session was installed before: its window would forget what it saw
   */
  install(session: ReceiveSession): void {
    const index = session.localIndex | 0;
    if (this.#byIndex.has(index)) throw new Error(`session ${session.localIndex} is installed already`);
    const key = takeKey(this.#aeads[session.cipher], session.receiveKey);
    this.#byIndex.set(index, {
      slot: session.slot,
      localIndex: session.localIndex,
      rejectAfterMs: session.rejectAfterMs,
      key,
      window: new ReplayWindow(),
      tallyAt: openTally(this.#tally, session.keyEpoch),
      endpoint: new Int32Array(ENDPOINT_WORDS),
      isConfirmed: false,
    });
  }

  /** The key is gone, and its window with it. */
  forget(localIndex: number): void {
    const session = this.#byIndex.get(localIndex | 0);
    if (!session) return;
    session.key.wipe();
    this.#byIndex.delete(localIndex | 0);
    if (this.#last === session) this.#last = undefined;
  }

  /**
   * Opens in place a message of `length` bytes at `at`, whose type and least length (32) the caller has checked. The
   * packet then stands 16 bytes behind `at`, 32 bytes shorter; none for a keepalive.
   *
   * @returns the slot of the peer whose session it is of, or a verdict
   */
  open(at: number, length: number, nowMs: number): number {
    const session = this.#find(this.#view.getInt32(at + TRANSPORT_RECEIVER, true));
    if (session === undefined) return UNKNOWN_SESSION;
    if (nowMs >= session.rejectAfterMs) return EXPIRED;
    const low = this.#view.getUint32(at + TRANSPORT_COUNTER, true);
    const high = this.#view.getUint32(at + TRANSPORT_COUNTER + 4, true);
    if (!session.window.mayAccept(low, high)) return REPLAYED;
    if (!session.key.open(at + TRANSPORT_HEADER, length - TRANSPORT_HEADER, low, high)) {
      countUndecryptable(this.#tally, session.tallyAt);
      return FORGED;
    }
    countOpened(this.#tally, session.tallyAt, session.window.accept(low, high));
    this.#note(session.slot, length > KEEPALIVE_BYTES, nowMs);
    return session.slot;
  }

  /** Our index of the session that the last message opened was of. */
  get lastIndex(): number {
    return this.#last?.localIndex ?? 0;
  }

  /** Whether the message just opened was the first of its session, which proves that the peer has the keys. True once. */
  takeConfirmed(): boolean {
    const session = this.#last;
    if (session === undefined || session.isConfirmed) return false;
    session.isConfirmed = true;
    this.#activity[session.slot * PER_SLOT + CONFIRMED] = session.localIndex;
    return true;
  }

  /**
   * Whether the message just opened came from elsewhere than the last of its session. True for a session's first: its
   * handshake may have come from another place.
   *
   * @param name where in the arena the socket address of the sender stands, as `recvmsg` wrote it
   */
  endpointChanged(name: number): boolean {
    const known = this.#last?.endpoint;
    if (known === undefined) return false;
    const view = this.#view;
    // Family and port, then the address: flow information (word 1 of IPv6) says nothing about where.
    if (view.getInt32(name, true) !== known[0]) return true;
    if (view.getUint16(name, true) === AF_INET) return view.getInt32(name + 4, true) !== known[1];
    for (let word = 2; word < ENDPOINT_WORDS; word++) {
      if (view.getInt32(name + word * 4, true) !== known[word]) return true;
    }
    return false;
  }

  /** Remembers the endpoint for the session of the message just opened. */
  noteEndpoint(name: number): void {
    const known = this.#last?.endpoint;
    if (known === undefined) return;
    for (let word = 0; word < ENDPOINT_WORDS; word++) known[word] = this.#view.getInt32(name + word * 4, true);
  }

  #find(index: number): Receiving | undefined {
    const last = this.#last;
    if (last !== undefined && (last.localIndex | 0) === index) return last;
    const session = this.#byIndex.get(index);
    if (session !== undefined) this.#last = session;
    return session;
  }

  #note(slot: number, isPacket: boolean, nowMs: number): void {
    this.#activity[slot * PER_SLOT + RECEIVED] = nowMs;
    if (isPacket) this.#activity[slot * PER_SLOT + RECEIVED_PACKET] = nowMs;
  }
}
