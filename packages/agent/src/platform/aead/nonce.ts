import type { SealingCipher } from "@warren/common/net/cipher.ts";

/** Bytes of a nonce, of either cipher. */
export const NONCE = 12;

const TWO_32 = 2 ** 32;

/**
 * Writes the nonce of the Noise framework (§12): four zero octets, then the counter, little-endian for ChaCha20-Poly1305
 * and big-endian for AES-256-GCM.
 *
 * @param low low word of the counter; what is beyond 32 bits is carried into `high`
 */
export function writeNonce(view: DataView, at: number, cipher: SealingCipher, low: number, high: number): void {
  const carried = low < TWO_32 ? high : high + 1;
  view.setUint32(at, 0);
  if (cipher === "aes-256-gcm") {
    view.setUint32(at + 4, carried);
    view.setUint32(at + 8, low);
  } else {
    view.setUint32(at + 4, low, true);
    view.setUint32(at + 8, carried, true);
  }
}
