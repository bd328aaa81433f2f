import { createPrivateKey, createPublicKey, diffieHellman, type KeyObject } from "node:crypto";
import { WarrenError } from "@warren/common/errors/warren-error.ts";
import type { Bytes } from "./blake2s.ts";

/** Bytes of a private key, of a public key and of what two sides agree on. */
export const X25519_BYTES = 32;

/** DER before the 32 bytes of a private key (RFC 8410 §7). */
const PKCS8 = Buffer.from("302e020100300506032b656e04220420", "hex");

/** A public key, ready for any number of agreements: to import it takes more than half as long as to agree. */
export class PublicKey {
  readonly bytes: Bytes;
  readonly handle: KeyObject;

  /**
   * @param bytes 32, of anybody: every value is a point (RFC 7748 §5)
   * @throws `internal` when they are not 32
   */
  constructor(bytes: Uint8Array) {
    checkLength(bytes);
    this.bytes = new Uint8Array(bytes);
    const x = Buffer.from(bytes).toString("base64url");
    this.handle = createPublicKey({ key: { kty: "OKP", crv: "X25519", x }, format: "jwk" });
  }
}

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
    checkLength(privateKey);
    // Not `concat`: its result may lie in a pool that outlives the wiping.
    const der = Buffer.alloc(PKCS8.length + X25519_BYTES);
    der.set(PKCS8);
    der.set(privateKey, PKCS8.length);
    this.#privateKey = createPrivateKey({ key: der, format: "der", type: "pkcs8" });
    der.fill(0);
    // Out of the public half alone: a JWK of the private one would have it in a string, which nobody can wipe.
    const { x } = createPublicKey(this.#privateKey).export({ format: "jwk" });
    this.publicKey = new Uint8Array(Buffer.from(x!, "base64url"));
  }

  /**
   * DH of the Noise framework (§4.1).
   *
   * @returns 32 secret bytes, the caller's to wipe; null when they would be zero, which only a point of low order, chosen
   *   to make the secret known to all, brings about (RFC 7748 §6.1)
   */
  agree(publicKey: PublicKey): Bytes | null {
    if (this.#privateKey === null) throw new WarrenError("internal", "a key pair was used after it was wiped");
    let secret: Buffer;
    try {
      secret = diffieHellman({ privateKey: this.#privateKey, publicKey: publicKey.handle });
    } catch {
      // OpenSSL refuses the zero itself. It has no other reason, and a failure for any other is none to go on.
      return null;
    }
    const agreed = new Uint8Array(secret);
    secret.fill(0);
    return agreed.reduce((bits, byte) => bits | byte) !== 0 ? agreed : null;
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

function checkLength(key: Uint8Array): void {
  if (key.length === X25519_BYTES) return;
  throw new WarrenError("internal", `a key of X25519 has ${X25519_BYTES} bytes, not ${key.length}`);
}
