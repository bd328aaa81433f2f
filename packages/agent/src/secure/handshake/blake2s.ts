import { hash as digest } from "node:crypto";
import { blake2s } from "@noble/hashes/blake2.js";

/** Bytes of a keyed hash (`mac`). */
export const MAC_BYTES = 16;

const BLOCK_BYTES = 64;

export type Bytes = Uint8Array<ArrayBuffer>;

/** HASH (paper §5.4): BLAKE2s with 32 bytes of output over the parts, one behind the other. */
export function hash(...parts: readonly Uint8Array[]): Bytes {
  const input = concat(parts);
  const output = digest("blake2s256", input, "buffer");
  input.fill(0);
  const bytes = new Uint8Array(output);
  output.fill(0);
  return bytes;
}

/** MAC (paper §5.4): keyed BLAKE2s with 16 bytes of output. OpenSSL's is not reachable from Node. */
export function mac(key: Uint8Array, ...parts: readonly Uint8Array[]): Bytes {
  return new Uint8Array(blake2s(concat(parts), { key, dkLen: MAC_BYTES }));
}

/**
 * HKDF of the Noise framework (§4.3), the paper's KDFn: `count` keys of 32 bytes from a chaining key and new material.
 */
export function kdf(count: 1 | 2 | 3, ck: Uint8Array, input: Uint8Array): Bytes[] {
  const secret = hmac(ck, input);
  const keys: Bytes[] = [];
  for (let i = 1, last = new Uint8Array(0); i <= count; i++) {
    last = hmac(secret, last, Uint8Array.of(i));
    keys.push(last);
  }
  secret.fill(0);
  return keys;
}

/**
 * HMAC (RFC 2104) for keys of at most a block. Written out, because `createHmac` takes 19 µs where two calls of the
 * one-shot hash take 5, and a forged initiation costs five of them.
 */
export function hmac(key: Uint8Array, ...parts: readonly Uint8Array[]): Bytes {
  const pad = new Uint8Array(BLOCK_BYTES);
  for (let i = 0; i < BLOCK_BYTES; i++) pad[i] = (key[i] ?? 0) ^ 0x36;
  const inner = hash(pad, ...parts);
  for (let i = 0; i < BLOCK_BYTES; i++) pad[i]! ^= 0x36 ^ 0x5c;
  const outer = hash(pad, inner);
  pad.fill(0);
  inner.fill(0);
  return outer;
}

function concat(parts: readonly Uint8Array[]): Bytes {
  const all = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
