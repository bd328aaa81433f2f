import type { SealingCipher } from "@warren/common/net/cipher.ts";

/**
 * What a handshake ends with: two keys, one for each direction (WireGuard paper §5.4.5). Keys are moved, not copied:
 * whoever takes a session wipes them once they are in use.
 */
export interface Session {
  /** The peer's place among counters: stays the same while the peer is known, in every view. */
  readonly slot: number;
  readonly cipher: SealingCipher;
  /** 32 bits that name the session in what the peer sends to us, and in what we send to the peer. */
  readonly localIndex: number;
  readonly remoteIndex: number;
  readonly sendKey: Uint8Array<ArrayBuffer>;
  readonly receiveKey: Uint8Array<ArrayBuffer>;
  /** Of our static key in the handshake. */
  readonly keyEpoch: number;
  /** Moment on the monotonic clock after which it neither seals nor opens: 180 s after the handshake. */
  readonly rejectAfterMs: number;
}

/** Where a peer is: a socket address as `route/sockaddr.ts` writes it. */
export type Endpoint = Uint8Array<ArrayBuffer>;

/**
 * What handshakes ask of the packet path. Calls take effect in their order. Implemented by the hosts of the packet path,
 * where the workers are; by a recorder in tests.
 */
export interface SessionPath {
  /** Messages for this session are opened from now on. */
  install(session: Session): void;
  /** What goes to the session's peer is sealed with it from now on; what waits for a session leaves. */
  use(localIndex: number): void;
  /** Neither seals nor opens any more; its keys are gone. */
  forget(localIndex: number): void;
  /** Sends an empty message with the session in use; without one, nothing. */
  keepalive(slot: number): void;
  /** Where what is for the peer goes to from now on. */
  redirect(slot: number, endpoint: Endpoint): void;
  /** What waits for a session with the peer is dropped and counted: nobody answers. */
  discard(slot: number): void;
  /** Sends a handshake message, beside the packet path. May be lost, as any datagram. */
  send(endpoint: Endpoint, message: Uint8Array): void;
}

/** What the packet path tells of sessions; called in the thread that does handshakes. */
export interface SessionEvents {
  /** A message of type 1, 2 or 3 came. The bytes are the receiver's to keep. */
  handshake(message: Uint8Array, from: Endpoint, nowMs: number): void;
  /** A packet waits, and there is no session with the peer. */
  wanted(slot: number, nowMs: number): void;
  /** A message from where that peer is came for a session that is not here: after a restart, the peer does not know. */
  lost(slot: number, nowMs: number): void;
  /** The first message of the session was opened: its peer has the keys. */
  confirmed(localIndex: number, nowMs: number): void;
  /** An authentic message of the session came from another endpoint than the last. */
  roamed(localIndex: number, from: Endpoint, nowMs: number): void;
}

/**
 * Shared memory, for each slot four moments on the monotonic clock, which timers go by without a message from the packet
 * path, and what the receiving side has for the sending one. Each number has one writing thread. 0 is never.
 */
export type Activity = Float64Array;

/** Last time that anything authentic was sent, and that it was not empty (a packet). */
export const SENT = 0;
export const SENT_PACKET = 1;
/** Last time that anything authentic was received, and that it was not empty. */
export const RECEIVED = 2;
export const RECEIVED_PACKET = 3;
/**
 * Our index of the session that the peer confirmed last. The answer to the packet that confirmed it is sealed with it, also
 * when that is faster than `confirmed` and `use`: a peer that was restarted has no other.
 */
export const CONFIRMED = 4;
export const PER_SLOT = 5;
