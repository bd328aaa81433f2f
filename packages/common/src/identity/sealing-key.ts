import { createPrivateKey, createPublicKey, diffieHellman, generateKeyPairSync, type KeyObject } from "node:crypto";
import { WarrenError } from "../errors/warren-error.ts";

/** Bytes of an X25519 key, private or public (RFC 7748 §5). */
export const SEALING_KEY_BYTES = 32;

/** An X25519 key pair: 32 raw bytes each, as WireGuard has them. */
export interface SealingKeyPair {
  readonly privateKey: Uint8Array;
  readonly publicKey: Uint8Array;
}

/** PrivateKeyInfo and SubjectPublicKeyInfo of X25519 up to the raw key (RFC 8410 §7, §4). */
const PKCS8_HEAD = Buffer.from("302e020100300506032b656e04220420", "hex");
const SPKI_HEAD = Buffer.from("302a300506032b656e032100", "hex");

/** A new key pair from the system's randomness. */
export function createSealingKey(): SealingKeyPair {
  const { privateKey } = generateKeyPairSync("x25519");
  const der = privateKey.export({ type: "pkcs8", format: "der" });
  const raw = Uint8Array.from(der.subarray(PKCS8_HEAD.length));
  der.fill(0);
  return { privateKey: raw, publicKey: publicOf(privateKey) };
}

/** The public half of 32 raw bytes. */
export function publicSealingKey(privateKey: Uint8Array): Uint8Array {
  return publicOf(importPrivate(privateKey));
}

/**
 * Refuses what cannot be the public key of a node: another length; a second spelling of a point, with which one node
 * could pass for another (RFC 7748 §5: the top bit is ignored, and numbers from 2^255 - 19 on wrap around); and the
 * points of low order, the zero point among them, with which every secret is zero, whoever's it is (RFC 7748 §6.1).
 * @throws `key-invalid`
 */
export function checkSealingKey(publicKey: Uint8Array): void {
  if (publicKey.length !== SEALING_KEY_BYTES)
    throw invalid(`it has ${publicKey.length} bytes, expected ${SEALING_KEY_BYTES}`);
  if (!isCanonical(publicKey)) throw invalid("it is not the one spelling of its point");
  if (hasLowOrder(publicKey)) throw invalid("it is a point of low order, with which nothing is secret");
}

/**
 * Reads the text that `wg pubkey` prints: 44 characters of base64.
 * @throws `key-invalid`
 */
export function parseSealingKey(text: string): Uint8Array {
  const bytes = new Uint8Array(Buffer.from(text, "base64"));
  if (formatSealingKey(bytes) !== text)
    throw invalid("expected 44 characters of base64, as `wg pubkey` prints them", JSON.stringify(text));
  checkSealingKey(bytes);
  return bytes;
}

/** Base64, as WireGuard's tools write keys. */
export function formatSealingKey(key: Uint8Array): string {
  return Buffer.from(key).toString("base64");
}

/** Below 2^255 - 19, little-endian. */
function isCanonical(key: Uint8Array): boolean {
  const last = SEALING_KEY_BYTES - 1;
  if (key[last]! !== 0x7f) return key[last]! < 0x7f;
  return key[0]! < 0xed || key.subarray(1, last).some((byte) => byte !== 0xff);
}

/** A private key is a multiple of 8, so every point of low order gives zero with it, and no other point does. */
function hasLowOrder(key: Uint8Array): boolean {
  try {
    const secret = diffieHellman({
      privateKey: generateKeyPairSync("x25519").privateKey,
      publicKey: importPublic(key),
    });
    return secret.every((byte) => byte === 0);
  } catch {
    // OpenSSL refuses a zero secret by itself.
    return true;
  }
}

function importPrivate(raw: Uint8Array): KeyObject {
  const der = Buffer.concat([PKCS8_HEAD, raw]);
  try {
    return createPrivateKey({ key: der, type: "pkcs8", format: "der" });
  } finally {
    der.fill(0);
  }
}

function importPublic(raw: Uint8Array): KeyObject {
  return createPublicKey({ key: Buffer.concat([SPKI_HEAD, raw]), type: "spki", format: "der" });
}

function publicOf(privateKey: KeyObject): Uint8Array {
  const der = createPublicKey(privateKey).export({ type: "spki", format: "der" });
  return Uint8Array.from(der.subarray(SPKI_HEAD.length));
}

function invalid(why: string, what = "the sealing key"): WarrenError {
  return new WarrenError("key-invalid", `${what} is no X25519 public key that can be used: ${why}`);
}
