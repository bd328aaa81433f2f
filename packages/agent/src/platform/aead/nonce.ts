import type { SealingCipher } from "@warren/common/net/cipher.ts";

/** Bytes of a nonce, of either cipher: four octets that are zero in the Noise framework (§12), then the counter. */
export const NONCE = 12;

const TWO_32 = 2 ** 32;

/**
 * Writes the counter behind the first four octets of a nonce, which stay: little-endian for ChaCha20-Poly1305 and
 * big-endian for AES-256-GCM.
 *
 * @param low low word of the counter; what is beyond 32 bits is carried into `high`
 */
export function writeCounter(nonce: DataView, cipher: SealingCipher, low: number, high: number): void {
  const carried = low < TWO_32 ? high : high + 1;
  if (cipher === "aes-256-gcm") {
    nonce.setUint32(4, carried);
    nonce.setUint32(8, low);
  } else {
    nonce.setUint32(4, low, true);
    nonce.setUint32(8, carried, true);
  }
}
