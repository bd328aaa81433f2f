import type { SealingCipher } from "@warren/common/net/cipher.ts";
import { type Aead, type AeadKey, KEY, TAG } from "../../secure/aead.ts";
import { nativeAddress } from "../linux/libc.ts";
import { type Libcrypto, loadLibcrypto } from "./libcrypto.ts";
import { OpensslBatch } from "./openssl-batch.ts";
import { OpensslCalls } from "./openssl-calls.ts";
import { CONTEXT, type OpensslDriver, type Where } from "./openssl-driver.ts";

/** So much that V8 keeps it outside of its heap, where nothing moves. */
const SCRATCH_BYTES = 1024;

/** OpenSSL in the Node binary, one context for each key (ADR 0027). */
export class OpensslAead implements Aead {
  readonly cipher: SealingCipher;
  readonly #bytes: Uint8Array;
  readonly #lib: Libcrypto;
  readonly #driver: OpensslDriver;

  /**
   * @param driver how functions are called; without one, the best of this host
   * @throws when OpenSSL cannot be reached in this process
   */
  constructor(cipher: SealingCipher, bytes: Uint8Array, driver: OpensslDriver = loadDriver()) {
    this.cipher = cipher;
    this.#bytes = bytes;
    this.#lib = loadLibcrypto();
    this.#driver = driver;
  }

  /** @throws when OpenSSL has no memory */
  createKey(key: Uint8Array): AeadKey {
    if (key.length !== KEY) throw new RangeError(`a key of ${KEY} bytes was expected, not one of ${key.length}`);
    const lib = this.#lib;
    const ctx = Number(lib.EVP_CIPHER_CTX_new());
    if (ctx === 0) throw new Error("OpenSSL has no memory for a key");
    const scratch = new Uint8Array(SCRATCH_BYTES);
    scratch.set(key);
    const cipher = Number(this.cipher === "aes-256-gcm" ? lib.EVP_aes_256_gcm() : lib.EVP_chacha20_poly1305());
    const done = lib.EVP_EncryptInit_ex(ctx, cipher, 0, nativeAddress(scratch), 0);
    scratch.fill(0);
    if (done !== 1) {
      lib.EVP_CIPHER_CTX_free(ctx);
      throw new Error(`OpenSSL does not take a key for ${this.cipher}`);
    }
    return new OpensslKey(this.cipher, this.#bytes, ctx, lib, this.#driver);
  }
}

/** Nothing outside of the arena is read or written, whatever the arguments are. */
class OpensslKey implements AeadKey {
  readonly #cipher: SealingCipher;
  /** Kept so that the memory behind its address stays. */
  readonly #bytes: Uint8Array;
  readonly #lib: Libcrypto;
  readonly #driver: OpensslDriver;
  /** The context is 0 once it is wiped. */
  readonly #where: Where;

  constructor(cipher: SealingCipher, bytes: Uint8Array, ctx: number, lib: Libcrypto, driver: OpensslDriver) {
    this.#cipher = cipher;
    this.#bytes = bytes;
    this.#where = Float64Array.of(ctx, nativeAddress(bytes));
    this.#lib = lib;
    this.#driver = driver;
  }

  seal(at: number, stride: number, count: number, length: number, last: number, low: number, high: number): number {
    if (this.#where[CONTEXT] === 0 || count < 1 || !this.#holds(at, stride, count, length, last)) return 0;
    return this.#driver.seal(this.#where, this.#cipher, at, stride, count, length, last, low, high);
  }

  open(at: number, length: number, low: number, high: number): boolean {
    const text = length - TAG;
    if (this.#where[CONTEXT] === 0 || !this.#holds(at, 0, 1, text, text)) return false;
    return this.#driver.open(this.#where, this.#cipher, at, text, low, high);
  }

  wipe(): void {
    const ctx = this.#where[CONTEXT]!;
    if (ctx !== 0) this.#lib.EVP_CIPHER_CTX_free(ctx);
    this.#where[CONTEXT] = 0;
  }

  #holds(at: number, stride: number, count: number, length: number, last: number): boolean {
    if (at < 0 || stride < 0 || length < 0 || last < 0) return false;
    const end = at + (count - 1) * stride + last + TAG;
    const endBeforeLast = count > 1 ? at + (count - 2) * stride + length + TAG : 0;
    return end <= this.#bytes.length && endBeforeLast <= this.#bytes.length;
  }
}

let loaded: OpensslDriver | undefined;

/** One for a thread: what it maps stays for as long as the process. */
function loadDriver(): OpensslDriver {
  if (loaded) return loaded;
  try {
    loaded = new OpensslBatch();
  } catch {
    // Slower, and as good: the same functions, called one by one.
    loaded = new OpensslCalls(loadLibcrypto());
  }
  return loaded;
}
