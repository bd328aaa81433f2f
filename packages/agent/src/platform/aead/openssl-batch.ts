import type { SealingCipher } from "@warren/common/net/cipher.ts";
import { nativeAddress } from "../linux/libc.ts";
import {
  BLOCK_BIG_ENDIAN,
  BLOCK_CIPHER,
  BLOCK_CONTEXT,
  BLOCK_COUNT,
  BLOCK_COUNTER,
  BLOCK_DONE,
  BLOCK_FINAL,
  BLOCK_GET_TAG,
  BLOCK_INIT,
  BLOCK_LAST,
  BLOCK_LENGTH,
  BLOCK_NONCE,
  BLOCK_SET_TAG,
  BLOCK_STRIDE,
  BLOCK_TEXT,
  batchCode,
} from "./batch-x64.ts";
import { functionAddress } from "./libcrypto.ts";
import { mapFunction } from "./machine-code.ts";
import { ARENA, CONTEXT, type OpensslDriver, type Where } from "./openssl-driver.ts";

/** So much that V8 keeps it outside of its heap, where nothing moves. */
const BLOCK_BYTES = 1024;
const TWO_32 = 2 ** 32;

/** One crossing from JavaScript for each batch: a loop in machine code calls OpenSSL (ADR 0027). */
export class OpensslBatch implements OpensslDriver {
  readonly #sealing: Batch;
  readonly #opening: Batch;

  /**
   * @param fixed first four octets of nonces: zero, but in published test vectors
   * @throws when there is no loop for this processor, or the host forbids memory that is executable
   */
  constructor(fixed = 0) {
    if (process.arch !== "x64") throw new Error(`there is no loop in machine code for ${process.arch}`);
    this.#sealing = new Batch(fixed);
    this.#sealing.setAddress(BLOCK_INIT, functionAddress("EVP_EncryptInit_ex"));
    this.#sealing.setAddress(BLOCK_FINAL, functionAddress("EVP_EncryptFinal_ex"));
    this.#sealing.setAddress(BLOCK_GET_TAG, functionAddress("EVP_CIPHER_CTX_ctrl"));
    this.#opening = new Batch(fixed);
    this.#opening.setAddress(BLOCK_INIT, functionAddress("EVP_DecryptInit_ex"));
    this.#opening.setAddress(BLOCK_FINAL, functionAddress("EVP_DecryptFinal_ex"));
    this.#opening.setAddress(BLOCK_SET_TAG, functionAddress("EVP_CIPHER_CTX_ctrl"));
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
    return this.#sealing.run(where, cipher, at, stride, count, length, last, low, high);
  }

  open(where: Where, cipher: SealingCipher, at: number, length: number, low: number, high: number): boolean {
    return this.#opening.run(where, cipher, at, 0, 1, length, length, low, high) === 1;
  }
}

/** The loop with its block. A number of up to 53 bits is written as two words: no BigInt on the way of a packet. */
class Batch {
  readonly #words = new Uint32Array(BLOCK_BYTES / 4);
  readonly #loop: () => void;

  constructor(fixed: number) {
    this.#loop = mapFunction(batchCode(nativeAddress(new Uint8Array(this.#words.buffer))));
    new DataView(this.#words.buffer).setUint32(BLOCK_NONCE, fixed);
    this.setAddress(BLOCK_CIPHER, functionAddress("EVP_Cipher"));
  }

  setAddress(field: number, address: number): void {
    this.#words[field / 4] = address;
    this.#words[field / 4 + 1] = address / TWO_32;
  }

  /** @returns messages done before the first that failed */
  run(
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
    const words = this.#words;
    this.setAddress(BLOCK_CONTEXT, where[CONTEXT]!);
    this.setAddress(BLOCK_TEXT, where[ARENA]! + at);
    // The upper words of what is less than 2^32 are zero for good.
    words[BLOCK_STRIDE / 4] = stride;
    words[BLOCK_COUNT / 4] = count;
    words[BLOCK_LENGTH / 4] = length;
    words[BLOCK_LAST / 4] = last;
    words[BLOCK_COUNTER / 4] = low;
    words[BLOCK_COUNTER / 4 + 1] = high;
    words[BLOCK_BIG_ENDIAN / 4] = cipher === "aes-256-gcm" ? 1 : 0;
    this.#loop();
    return words[BLOCK_DONE / 4]!;
  }
}
