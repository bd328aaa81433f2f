import { generateKeyPairSync } from "node:crypto";

/** An X25519 public key, 32 bytes, whose private half nobody has. */
export function newPublicKey(): Uint8Array {
  const { x } = generateKeyPairSync("x25519").publicKey.export({ format: "jwk" });
  return new Uint8Array(Buffer.from(x!, "base64url"));
}
