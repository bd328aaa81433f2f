import type { SealingCipher } from "@warren/common/net/cipher.ts";

/**
 * How OpenSSL's functions are called for messages. Everything is checked by the caller (`OpensslAead`): addresses are
 * native and inside the arena, contexts alive.
 */
export interface OpensslDriver {
  /** As `AeadKey.seal`, with the native address of the first text. */
  seal(
    ctx: number,
    cipher: SealingCipher,
    text: number,
    stride: number,
    count: number,
    length: number,
    last: number,
    low: number,
    high: number,
  ): number;
  /** Opens a ciphertext of `length` bytes, without its tag, at a native address; the tag stands behind it. */
  open(ctx: number, cipher: SealingCipher, text: number, length: number, low: number, high: number): boolean;
}
