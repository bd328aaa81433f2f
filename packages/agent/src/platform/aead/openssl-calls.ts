import type { SealingCipher } from "@warren/common/net/cipher.ts";
import { TAG } from "../../secure/aead.ts";
import { nativeAddress } from "../linux/libc.ts";
import { GET_TAG, type Libcrypto, SET_TAG } from "./libcrypto.ts";
import { NONCE, writeCounter } from "./nonce.ts";
import { ARENA, CONTEXT, type OpensslDriver, type Where } from "./openssl-driver.ts";

/** Where OpenSSL writes a length that nobody needs, behind the nonce. */
const WRITTEN = 16;
/** So much that V8 keeps it outside of its heap, where nothing moves. */
const SCRATCH_BYTES = 1024;

/**
 * Four crossings from JavaScript for each message: where there is no loop in machine code. V8 makes a number object, 12
 * or 16 bytes that live for one call, of every address that crosses.
 */
export class OpensslCalls implements OpensslDriver {
  readonly #lib: Libcrypto;
  readonly #nonce: DataView;
  readonly #nonceAt: number;

  /** @param fixed first four octets of nonces: zero, but in published test vectors */
  constructor(lib: Libcrypto, fixed = 0) {
    const scratch = new Uint8Array(SCRATCH_BYTES);
    this.#lib = lib;
    this.#nonce = new DataView(scratch.buffer, 0, NONCE);
    this.#nonce.setUint32(0, fixed);
    this.#nonceAt = nativeAddress(scratch);
  }

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
  ): number {
    for (let i = 0; i < count; i++) {
      const bytes = i === count - 1 ? last : length;
      if (!this.#sealOne(where, cipher, at + i * stride, bytes, low + i, high)) return i;
    }
    return count;
  }

  open(where: Where, cipher: SealingCipher, at: number, length: number, low: number, high: number): boolean {
    const lib = this.#lib;
    const ctx = where[CONTEXT]!;
    const text = where[ARENA]! + at;
    writeCounter(this.#nonce, cipher, low, high);
    if (lib.EVP_DecryptInit_ex(ctx, 0, 0, 0, this.#nonceAt) !== 1) return false;
    if (lib.EVP_CIPHER_CTX_ctrl(ctx, SET_TAG, TAG, text + length) !== 1) return false;
    if (length > 0 && lib.EVP_Cipher(ctx, text, text, length) !== length) return false;
    return lib.EVP_DecryptFinal_ex(ctx, text, this.#nonceAt + WRITTEN) === 1;
  }

  #sealOne(where: Where, cipher: SealingCipher, at: number, length: number, low: number, high: number): boolean {
    const lib = this.#lib;
    const ctx = where[CONTEXT]!;
    const text = where[ARENA]! + at;
    writeCounter(this.#nonce, cipher, low, high);
    if (lib.EVP_EncryptInit_ex(ctx, 0, 0, 0, this.#nonceAt) !== 1) return false;
    if (length > 0 && lib.EVP_Cipher(ctx, text, text, length) !== length) return false;
    if (lib.EVP_EncryptFinal_ex(ctx, text, this.#nonceAt + WRITTEN) !== 1) return false;
    return lib.EVP_CIPHER_CTX_ctrl(ctx, GET_TAG, TAG, text + length) === 1;
  }
}
