import { type Aead, type AeadKey, KEY, TAG } from "../../secure/aead.ts";
import { NONCE, writeCounter } from "./nonce.ts";
import type { SodiumHeap } from "./sodium-heap.ts";

/** Most bytes of one text: more than a UDP datagram has. */
const MAX_TEXT = 65_536;
/** Places in the memory that is asked for: the nonce, then the text and behind it the tag. */
const TEXT = 16;
const ROOM = TEXT + MAX_TEXT + TAG;
const CIPHER = "chacha20-poly1305";

/**
 * libsodium in WebAssembly, where OpenSSL cannot be reached. ChaCha20-Poly1305 only: libsodium has AES-256-GCM for
 * processors with instructions for it, and WebAssembly has none. A text is copied into libsodium's heap and back.
 */
export class SodiumAead implements Aead {
  readonly cipher = CIPHER;
  readonly #heap: SodiumHeap;
  readonly #bytes: Uint8Array;
  readonly #room: number;
  readonly #fixed: number;

  /** @param fixed first four octets of nonces: zero, but in published test vectors */
  constructor(heap: SodiumHeap, bytes: Uint8Array, fixed = 0) {
    this.#heap = heap;
    this.#bytes = bytes;
    this.#fixed = fixed;
    this.#room = heap._malloc(ROOM);
    if (this.#room === 0) throw new Error("libsodium has no memory");
  }

  createKey(key: Uint8Array): AeadKey {
    if (key.length !== KEY) throw new RangeError(`a key of ${KEY} bytes was expected, not one of ${key.length}`);
    const at = this.#heap._malloc(KEY);
    if (at === 0) throw new Error("libsodium has no memory for a key");
    this.#heap.HEAPU8.set(key, at);
    return new SodiumKey(this.#heap, this.#bytes, this.#room, this.#fixed, at);
  }
}

class SodiumKey implements AeadKey {
  readonly #heap: SodiumHeap;
  readonly #arena: DataView;
  readonly #room: number;
  readonly #nonce = new DataView(new ArrayBuffer(NONCE));
  #memory: DataView;
  /** Where the key is in libsodium's heap; 0 once it is wiped. */
  #key: number;

  constructor(heap: SodiumHeap, bytes: Uint8Array, room: number, fixed: number, key: number) {
    this.#heap = heap;
    this.#arena = viewOf(bytes);
    this.#memory = viewOf(heap.HEAPU8);
    this.#room = room;
    this.#key = key;
    this.#nonce.setUint32(0, fixed);
  }

  seal(at: number, stride: number, count: number, length: number, last: number, low: number, high: number): number {
    for (let i = 0; i < count; i++) {
      if (!this.#sealOne(at + i * stride, i === count - 1 ? last : length, low + i, high)) return i;
    }
    return count;
  }

  open(at: number, length: number, low: number, high: number): boolean {
    const bytes = length - TAG;
    if (!this.#holds(at, bytes)) return false;
    const heap = this.#heap;
    const text = this.#room + TEXT;
    const memory = this.#writeNonce(low, high);
    copy(this.#arena, at, memory, text, length);
    const opened = heap._crypto_aead_chacha20poly1305_ietf_decrypt_detached(
      text,
      0,
      text,
      bytes,
      0,
      text + bytes,
      0,
      0,
      0,
      this.#room,
      this.#key,
    );
    if (opened !== 0) return false;
    copy(memory, text, this.#arena, at, bytes);
    return true;
  }

  wipe(): void {
    if (this.#key === 0) return;
    this.#heap.HEAPU8.fill(0, this.#key, this.#key + KEY);
    this.#heap._free(this.#key);
    this.#key = 0;
  }

  #sealOne(at: number, length: number, low: number, high: number): boolean {
    if (!this.#holds(at, length)) return false;
    const heap = this.#heap;
    const text = this.#room + TEXT;
    const memory = this.#writeNonce(low, high);
    copy(this.#arena, at, memory, text, length);
    const sealed = heap._crypto_aead_chacha20poly1305_ietf_encrypt_detached(
      text,
      text + length,
      0,
      text,
      length,
      0,
      0,
      0,
      0,
      0,
      this.#room,
      this.#key,
    );
    if (sealed !== 0) return false;
    copy(memory, text, this.#arena, at, length + TAG);
    return true;
  }

  #holds(at: number, length: number): boolean {
    return (
      this.#key !== 0 && at >= 0 && length >= 0 && length <= MAX_TEXT && at + length + TAG <= this.#arena.byteLength
    );
  }

  /** @returns libsodium's memory, of which there is another once it grew */
  #writeNonce(low: number, high: number): DataView {
    if (this.#memory.buffer !== this.#heap.HEAPU8.buffer) this.#memory = viewOf(this.#heap.HEAPU8);
    writeCounter(this.#nonce, CIPHER, low, high);
    copy(this.#nonce, 0, this.#memory, this.#room, NONCE);
    return this.#memory;
  }
}

/** Word by word: `set` wants a `subarray`, an object for each message. */
function copy(from: DataView, at: number, to: DataView, into: number, length: number): void {
  const words = length & -4;
  for (let i = 0; i < words; i += 4) to.setInt32(into + i, from.getInt32(at + i));
  for (let i = words; i < length; i++) to.setUint8(into + i, from.getUint8(at + i));
}

function viewOf({ buffer, byteOffset, byteLength }: Uint8Array): DataView {
  return new DataView(buffer, byteOffset, byteLength);
}
