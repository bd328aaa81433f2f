import type { Bytes } from "./blake2s.ts";

/** What a handshake ends with; the other side has the same, mirrored. */
export interface SessionKeys {
  /** 32 bytes each, in memory of their own: they may be transferred to another thread. */
  readonly sendKey: Bytes;
  readonly receiveKey: Bytes;
  readonly localIndex: number;
  readonly remoteIndex: number;
}

/** The pre-shared key of peers that have none (paper §5.2). */
export const NO_PSK: Uint8Array = new Uint8Array(32);
