import { createCipheriv, createDecipheriv } from "node:crypto";
import type { SealingCipher } from "@warren/common/net/cipher.ts";
import { type Aead, type AeadKey, KEY, TAG } from "../../secure/aead.ts";
import { NONCE, writeCounter } from "./nonce.ts";

const ALGORITHM = { "chacha20-poly1305": "chacha20-poly1305", "aes-256-gcm": "aes-256-gcm" } as const;

/**
 * `node:crypto`, one cipher object for each message: what the others are compared with. It allocates, so it is not for
 * the packet path.
 */
export class ReferenceAead implements Aead {
  readonly cipher: SealingCipher;
  readonly #bytes: Uint8Array;
  readonly #fixed: number;

  /** @param fixed first four octets of nonces: zero, but in published test vectors */
  constructor(cipher: SealingCipher, bytes: Uint8Array, fixed = 0) {
    this.cipher = cipher;
    this.#bytes = bytes;
    this.#fixed = fixed;
  }

  createKey(key: Uint8Array): AeadKey {
    if (key.length !== KEY) throw new RangeError(`a key of ${KEY} bytes was expected, not one of ${key.length}`);
    return new ReferenceKey(this.cipher, this.#bytes, this.#fixed, key.slice());
  }
}

class ReferenceKey implements AeadKey {
  readonly #cipher: SealingCipher;
  readonly #bytes: Uint8Array;
  readonly #nonce = new Uint8Array(NONCE);
  readonly #nonceView = new DataView(this.#nonce.buffer);
  #key: Uint8Array | undefined;

  constructor(cipher: SealingCipher, bytes: Uint8Array, fixed: number, key: Uint8Array) {
    this.#cipher = cipher;
    this.#bytes = bytes;
    this.#key = key;
    this.#nonceView.setUint32(0, fixed);
  }

  seal(at: number, stride: number, count: number, length: number, last: number, low: number, high: number): number {
    if (this.#key === undefined) return 0;
    for (let i = 0; i < count; i++) {
      const start = at + i * stride;
      const end = start + (i === count - 1 ? last : length);
      if (start < 0 || end + TAG > this.#bytes.length) return i;
      writeCounter(this.#nonceView, this.#cipher, low + i, high);
      const sealer = createCipheriv(ALGORITHM[this.#cipher] as "aes-256-gcm", this.#key, this.#nonce, {
        authTagLength: TAG,
      });
      this.#bytes.set(sealer.update(this.#bytes.subarray(start, end)), start);
      sealer.final();
      this.#bytes.set(sealer.getAuthTag(), end);
    }
    return count;
  }

  open(at: number, length: number, low: number, high: number): boolean {
    if (this.#key === undefined || length < TAG || at < 0 || at + length > this.#bytes.length) return false;
    const end = at + length - TAG;
    writeCounter(this.#nonceView, this.#cipher, low, high);
    const opener = createDecipheriv(ALGORITHM[this.#cipher] as "aes-256-gcm", this.#key, this.#nonce, {
      authTagLength: TAG,
    });
    opener.setAuthTag(this.#bytes.subarray(end, end + TAG));
    const plain = opener.update(this.#bytes.subarray(at, end));
    try {
      opener.final();
    } catch {
      return false;
    }
    this.#bytes.set(plain, at);
    return true;
  }

  wipe(): void {
    this.#key?.fill(0);
    this.#key = undefined;
  }
}
