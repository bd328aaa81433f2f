import { createPrivateKey, createPublicKey, generateKeyPairSync, sign } from "node:crypto";
import { WarrenError } from "../errors/warren-error.ts";

/** A new private key of a node, P-256, as PKCS #8 PEM. The node keeps it; it never leaves the machine. */
export function createNodeKey(): string {
  return generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey.export({
    type: "pkcs8",
    format: "pem",
  }) as string;
}

/** AlgorithmIdentifier of ecdsa-with-SHA256, 1.2.840.10045.4.3.2 (RFC 5758 §3.2). */
const ECDSA_WITH_SHA256 = Buffer.from("300a06082a8648ce3d040302", "hex");

/**
 * A certificate request for the key, which proves that the caller has it. Subject and attributes are empty: the control
 * plane decides on the names. Written by hand, because a request without names is five nested lengths, and the X.509
 * library costs every agent 12 MB.
 *
 *     CertificationRequest ::= SEQUENCE { info, algorithm, signature BIT STRING }            RFC 2986 §4.2
 *     info                 ::= SEQUENCE { version 0, subject {}, publicKey, [0] attributes } RFC 2986 §4.1
 *
 * @param keyPem PKCS #8 PEM of a P-256 key
 * @returns PKCS #10 in DER
 * @throws `state-corrupt` when the key is not one
 */
export async function createCertificateRequest(keyPem: string): Promise<Uint8Array> {
  const key = readKey(keyPem);
  const spki = createPublicKey(key).export({ type: "spki", format: "der" });
  const info = der(0x30, der(0x02, Buffer.of(0)), der(0x30), spki, der(0xa0));
  const signature = sign("sha256", info, key);
  // The first octet of a BIT STRING counts its unused bits.
  return der(0x30, info, ECDSA_WITH_SHA256, der(0x03, Buffer.of(0), signature));
}

/** DER of the public half of a PEM private key (SubjectPublicKeyInfo). */
export function publicKeyDer(keyPem: string): Buffer {
  return createPublicKey(keyPem).export({ type: "spki", format: "der" });
}

function readKey(keyPem: string) {
  let cause: unknown;
  try {
    const key = createPrivateKey(keyPem);
    if (key.asymmetricKeyDetails?.namedCurve === "prime256v1") return key;
  } catch (error) {
    cause = error;
  }
  throw new WarrenError("state-corrupt", "the node's key cannot be read as a P-256 private key in PKCS #8 PEM", {
    cause,
  });
}

/** Tag, definite length (X.690 §8.1.3), content. A request of ours stays far below 64 KiB. */
function der(tag: number, ...content: readonly Uint8Array[]): Buffer {
  const body = Buffer.concat(content);
  const { length } = body;
  const size = length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.of(tag, ...size), body]);
}
