import { createPrivateKey, createPublicKey, diffieHellman, type KeyObject } from "node:crypto";
import { WarrenError } from "@warren/common/errors/warren-error.ts";
import type { Bytes } from "./blake2s.ts";

/** Bytes of a private key, of a public key and of what two sides agree on. */
export const X25519_BYTES = 32;

/** DER around the 32 bytes (RFC 8410 §7, §4), the only form in which Node takes them. */
const PKCS8 = Buffer.from("302e020100300506032b656e04220420", "hex");
const SPKI = Buffer.from("302a300506032b656e032100", "hex");

/**
 * A key pair of X25519 (RFC 7748), static or ephemeral. The private half lies in OpenSSL, which overwrites it when it
 * frees it: some time after `wipe`, when the garbage collector comes by.
 */
export class KeyPair {
  readonly publicKey: Bytes;
  #privateKey: KeyObject | null;

  /**
   * @param privateKey 32 bytes, clamped or not; a copy is taken, wiping the bytes is the caller's
   * @throws `internal` when they are not 32
   */
  constructor(privateKey: Uint8Array) {
    const der = withPrefix(PKCS8, privateKey);
    this.#privateKey = createPrivateKey({ key: der, format: "der", type: "pkcs8" });
    der.fill(0);
    // As DER, because a JWK would have the private half in a string, which nobody can wipe.
    const spki = createPublicKey(this.#privateKey).export({ format: "der", type: "spki" });
    this.publicKey = new Uint8Array(spki.subarray(SPKI.length));
  }

  /**
   * DH of the Noise framework (§4.1).
   *
   * @param publicKey 32 bytes of anybody
   * @throws `internal` when they are not 32
   * @returns 32 secret bytes, the caller's to wipe; null when they would be zero, which only a point of low order, chosen
   *   to make the secret known to all, brings about (RFC 7748 §6.1)
   */
  agree(publicKey: Uint8Array): Bytes | null {
    if (this.#privateKey === null) throw new WarrenError("internal", "a key pair was used after it was wiped");
    const remote = createPublicKey({ key: withPrefix(SPKI, publicKey), format: "der", type: "spki" });
    let secret: Buffer;
    try {
      secret = diffieHellman({ privateKey: this.#privateKey, publicKey: remote });
    } catch {
      // OpenSSL refuses the zero itself. It has no other reason, and a failure for any other is none to go on.
      return null;
    }
    const agreed = new Uint8Array(secret);
    secret.fill(0);
    return agreed.some((byte) => byte !== 0) ? agreed : null;
  }

  wipe(): void {
    this.#privateKey = null;
  }

  /** The private half as it was handed in. The caller wipes it. */
  protected privateBytes(): Bytes {
    if (this.#privateKey === null) throw new WarrenError("internal", "a key pair was exported after it was wiped");
    const der = this.#privateKey.export({ format: "der", type: "pkcs8" });
    const bytes = new Uint8Array(der.subarray(PKCS8.length));
    der.fill(0);
    return bytes;
  }
}

function withPrefix(prefix: Uint8Array, bytes: Uint8Array): Buffer {
  if (bytes.length !== X25519_BYTES) {
    throw new WarrenError("internal", `a key of X25519 has ${X25519_BYTES} bytes, not ${bytes.length}`);
  }
  // Not `concat`: its result may lie in a pool that outlives the wiping.
  const der = Buffer.alloc(prefix.length + bytes.length);
  der.set(prefix);
  der.set(bytes, prefix.length);
  return der;
}
