import type { SealingCipher } from "@warren/common/net/cipher.ts";

/**
 * Two native addresses: of the key's `EVP_CIPHER_CTX`, and of the arena. In an array, because V8 makes an object of a
 * number of this size that goes from function to function, and none of one that is read where it is used.
 */
export type Where = Float64Array;
export const CONTEXT = 0;
export const ARENA = 1;

/**
 * How OpenSSL's functions are called for messages. Everything is checked by the caller (`OpensslAead`): the context is
 * alive, and everything named is inside the arena.
 */
export interface OpensslDriver {
  /** As `AeadKey.seal`. */
  seal(
    where: Where,
    cipher: SealingCipher,
    at: number,
    stride: number,
    count: number,
    length: number,
    last: number,
    low: number,
    high: number,
  ): number;
  /** Opens a ciphertext of `length` bytes, without its tag, which stands behind it. */
  open(where: Where, cipher: SealingCipher, at: number, length: number, low: number, high: number): boolean;
}
