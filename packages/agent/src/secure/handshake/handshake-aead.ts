import { createCipheriv, createDecipheriv } from "node:crypto";
import type { SealingCipher } from "@warren/common/net/cipher.ts";
import type { Bytes } from "./blake2s.ts";

export const TAG_BYTES = 16;

/** A counter of zero: twelve zeros with either cipher (Noise §12). */
const FIRST_NONCE = new Uint8Array(12);
const OPTIONS = { authTagLength: TAG_BYTES };

/**
 * ENCRYPT of the Noise framework (§4.2) with the first nonce: a handshake of WireGuard seals only once with each key.
 *
 * @param ad associated data
 * @returns ciphertext and tag
 */
export function sealFirst(cipher: SealingCipher, key: Uint8Array, ad: Uint8Array, plaintext: Uint8Array): Bytes {
  const aead =
    cipher === "aes-256-gcm"
      ? createCipheriv("aes-256-gcm", key, FIRST_NONCE, OPTIONS)
      : createCipheriv("chacha20-poly1305", key, FIRST_NONCE, OPTIONS);
  aead.setAAD(ad, { plaintextLength: plaintext.length });
  const sealed = new Uint8Array(plaintext.length + TAG_BYTES);
  sealed.set(aead.update(plaintext));
  aead.final();
  sealed.set(aead.getAuthTag(), plaintext.length);
  return sealed;
}

/** DECRYPT of the same. @returns the plaintext; null when `sealed` is not authentic */
export function openFirst(cipher: SealingCipher, key: Uint8Array, ad: Uint8Array, sealed: Uint8Array): Bytes | null {
  const length = sealed.length - TAG_BYTES;
  if (length < 0) return null;
  const aead =
    cipher === "aes-256-gcm"
      ? createDecipheriv("aes-256-gcm", key, FIRST_NONCE, OPTIONS)
      : createDecipheriv("chacha20-poly1305", key, FIRST_NONCE, OPTIONS);
  aead.setAAD(ad, { plaintextLength: length });
  aead.setAuthTag(sealed.subarray(length));
  const plaintext = new Uint8Array(aead.update(sealed.subarray(0, length)));
  try {
    aead.final();
  } catch {
    return null;
  }
  return plaintext;
}
