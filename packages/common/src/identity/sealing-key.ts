import { createPublicKey, diffieHellman, generateKeyPairSync } from "node:crypto";
import { WarrenError } from "../errors/warren-error.ts";

/** Bytes of an X25519 public key (RFC 7748 §5). */
const SEALING_KEY_BYTES = 32;

/** SubjectPublicKeyInfo of X25519 up to the raw key (RFC 8410 §4). */
const SPKI_HEAD = Buffer.from("302a300506032b656e032100", "hex");

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
  const publicKey = createPublicKey({ key: Buffer.concat([SPKI_HEAD, key]), type: "spki", format: "der" });
  const { privateKey } = generateKeyPairSync("x25519");
  try {
    return diffieHellman({ privateKey, publicKey }).every((byte) => byte === 0);
  } catch {
    // OpenSSL refuses a zero secret by itself.
    return true;
  }
}

function invalid(why: string, what = "the sealing key"): WarrenError {
  return new WarrenError("key-invalid", `${what} is no X25519 public key that can be used: ${why}`);
}
