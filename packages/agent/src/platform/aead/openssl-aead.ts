import type { SealingCipher } from "@warren/common/net/cipher.ts";
import { type Aead, type AeadKey, KEY, TAG } from "../../secure/aead.ts";
import { nativeAddress } from "../linux/libc.ts";
import { type Libcrypto, loadLibcrypto } from "./libcrypto.ts";
import { writeNonce } from "./nonce.ts";

/** `EVP_CTRL_AEAD_GET_TAG` and `EVP_CTRL_AEAD_SET_TAG` of OpenSSL's evp.h. */
const GET_TAG = 0x10;
const SET_TAG = 0x11;

/** Layout of the scratch memory: a nonce, a key on its way in, and the `int *` that OpenSSL writes a length to. */
const SCRATCH_NONCE = 0;
const SCRATCH_KEY = 64;
const SCRATCH_LENGTH = 128;
/** So much that V8 keeps it outside of its heap, where nothing moves. */
const SCRATCH_BYTES = 1024;

/** Memory that OpenSSL reads and writes, with its address. */
interface Scratch {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  readonly at: number;
}

/** OpenSSL in the Node binary, one context for each key (ADR 0027). */
export class OpensslAead implements Aead {
  readonly cipher: SealingCipher;
  /** Kept so that the memory behind its address stays. */
  readonly #bytes: Uint8Array;
  readonly #base: number;
  readonly #lib: Libcrypto;
  readonly #scratch: Scratch;

  /** @throws when OpenSSL cannot be reached in this process. */
  constructor(cipher: SealingCipher, bytes: Uint8Array) {
    this.cipher = cipher;
    this.#bytes = bytes;
    this.#base = nativeAddress(bytes);
    this.#lib = loadLibcrypto();
    const scratch = new Uint8Array(SCRATCH_BYTES);
    this.#scratch = { bytes: scratch, view: new DataView(scratch.buffer), at: nativeAddress(scratch) };
  }

  /** @throws when OpenSSL has no memory or does not know the cipher. */
  createKey(key: Uint8Array): AeadKey {
    if (key.length !== KEY) throw new RangeError(`a key of ${KEY} bytes was expected, not one of ${key.length}`);
    const lib = this.#lib;
    const { bytes, at } = this.#scratch;
    const cipher = this.cipher === "aes-256-gcm" ? lib.EVP_aes_256_gcm() : lib.EVP_chacha20_poly1305();
    const ctx = lib.EVP_CIPHER_CTX_new();
    if (ctx === 0) throw new Error("OpenSSL has no memory for a key");
    bytes.set(key, SCRATCH_KEY);
    const done = lib.EVP_EncryptInit_ex(ctx, cipher, 0, at + SCRATCH_KEY, 0);
    bytes.fill(0, SCRATCH_KEY, SCRATCH_KEY + KEY);
    if (done !== 1) {
      lib.EVP_CIPHER_CTX_free(ctx);
      throw new Error(`OpenSSL does not take a key for ${this.cipher}`);
    }
    return new OpensslKey(lib, ctx, this.cipher, this.#bytes, this.#base, this.#scratch);
  }
}

class OpensslKey implements AeadKey {
  readonly #lib: Libcrypto;
  readonly #cipher: SealingCipher;
  readonly #bytes: Uint8Array;
  readonly #base: number;
  readonly #scratch: Scratch;
  /** Address of the `EVP_CIPHER_CTX`; 0 once it is wiped. */
  #ctx: number;

  constructor(lib: Libcrypto, ctx: number, cipher: SealingCipher, bytes: Uint8Array, base: number, scratch: Scratch) {
    this.#lib = lib;
    this.#ctx = ctx;
    this.#cipher = cipher;
    this.#bytes = bytes;
    this.#base = base;
    this.#scratch = scratch;
  }

  seal(at: number, stride: number, count: number, length: number, last: number, low: number, high: number): number {
    for (let i = 0; i < count; i++) {
      if (!this.#sealOne(at + i * stride, i === count - 1 ? last : length, low + i, high)) return i;
    }
    return count;
  }

  open(at: number, length: number, low: number, high: number): boolean {
    const ctx = this.#ctx;
    const text = length - TAG;
    if (ctx === 0 || text < 0 || at + length > this.#bytes.length) return false;
    const lib = this.#lib;
    const start = this.#base + at;
    writeNonce(this.#scratch.view, SCRATCH_NONCE, this.#cipher, low, high);
    if (lib.EVP_DecryptInit_ex(ctx, 0, 0, 0, this.#scratch.at + SCRATCH_NONCE) !== 1) return false;
    if (lib.EVP_CIPHER_CTX_ctrl(ctx, SET_TAG, TAG, start + text) !== 1) return false;
    if (text > 0 && lib.EVP_Cipher(ctx, start, start, text) !== text) return false;
    return lib.EVP_DecryptFinal_ex(ctx, start, this.#scratch.at + SCRATCH_LENGTH) === 1;
  }

  wipe(): void {
    if (this.#ctx !== 0) this.#lib.EVP_CIPHER_CTX_free(this.#ctx);
    this.#ctx = 0;
  }

  #sealOne(at: number, length: number, low: number, high: number): boolean {
    const ctx = this.#ctx;
    if (ctx === 0 || at + length + TAG > this.#bytes.length) return false;
    const lib = this.#lib;
    const start = this.#base + at;
    writeNonce(this.#scratch.view, SCRATCH_NONCE, this.#cipher, low, high);
    if (lib.EVP_EncryptInit_ex(ctx, 0, 0, 0, this.#scratch.at + SCRATCH_NONCE) !== 1) return false;
    if (length > 0 && lib.EVP_Cipher(ctx, start, start, length) !== length) return false;
    if (lib.EVP_EncryptFinal_ex(ctx, start, this.#scratch.at + SCRATCH_LENGTH) !== 1) return false;
    return lib.EVP_CIPHER_CTX_ctrl(ctx, GET_TAG, TAG, start + length) === 1;
  }
}
