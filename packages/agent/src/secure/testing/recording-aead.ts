import type { SealingCipher } from "@warren/common/net/cipher.ts";
import type { Aead, AeadKey } from "../aead.ts";

/**
 * Seals nothing, and writes down every (key, counter) it was asked to seal with: `key low high`, a key as the hex text of
 * its bytes. Opens everything.
 */
export class RecordingAead implements Aead {
  readonly cipher: SealingCipher;
  readonly sealed: string[] = [];
  readonly wiped: string[] = [];
  /** Messages of a batch that are sealed before the implementation fails. */
  failsAfter = Number.POSITIVE_INFINITY;

  constructor(cipher: SealingCipher) {
    this.cipher = cipher;
  }

  createKey(bytes: Uint8Array): AeadKey {
    const name = Buffer.from(bytes).toString("hex");
    return {
      seal: (_at, _stride, count, _length, _last, low, high) => {
        const done = Math.min(count, this.failsAfter);
        for (let i = 0; i < done; i++) {
          const counter = BigInt(high) * 2n ** 32n + BigInt(low) + BigInt(i);
          this.sealed.push(`${name} ${counter}`);
        }
        return done;
      },
      open: () => true,
      wipe: () => void this.wiped.push(name),
    };
  }
}
