import type { SealingCipher } from "@warren/common/net/cipher.ts";

/** Bytes of the authenticator behind every ciphertext, of either cipher. */
export const TAG = 16;

/** Bytes of a key, of either cipher. */
export const KEY = 32;

/**
 * One implementation of one cipher, on the memory it was made for. Three implementations: OpenSSL in the Node binary,
 * libsodium, and a reference for tests; `testing/aead-contract.ts` is the suite that all pass.
 */
export interface Aead {
  readonly cipher: SealingCipher;
  /** Takes a copy of the 32 bytes; the caller wipes its own. */
  createKey(key: Uint8Array): AeadKey;
}

/**
 * A key in use. Never throws and never allocates. The nonce is that of the Noise framework (§12): four zero octets, then
 * the 64-bit counter, little-endian with ChaCha20-Poly1305 and big-endian with AES-256-GCM. There is no associated data.
 * That no counter is ever used twice with a key is the caller's duty: see `SendSessions`.
 */
export interface AeadKey {
  /**
   * Seals in place `count` plaintexts that stand `stride` bytes apart from `at` on, each of `length` bytes, the last of
   * `last`, and writes the tag behind each. The first has the counter `high * 2^32 + low`, each further one more.
   *
   * @returns how many were sealed; less than `count` only when the implementation failed, which leaves the rest as it was
   */
  seal(at: number, stride: number, count: number, length: number, last: number, low: number, high: number): number;

  /**
   * Opens in place a ciphertext of `length` bytes, tag included.
   *
   * @returns false when it is not authentic; what then stands in its place is of no use and must not be read
   */
  open(at: number, length: number, low: number, high: number): boolean;

  /** The key is gone from memory, and sealing and opening fail from now on. */
  wipe(): void;
}
