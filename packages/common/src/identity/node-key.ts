import { createPrivateKey, createPublicKey, generateKeyPairSync, type webcrypto } from "node:crypto";
import { WarrenError } from "../errors/warren-error.ts";

/** A new private key of a node, P-256, as PKCS #8 PEM. The node keeps it; it never leaves the machine. */
export function createNodeKey(): string {
  return generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey.export({
    type: "pkcs8",
    format: "pem",
  }) as string;
}

/**
 * A certificate request for the key, which proves that the caller has it. Subject and extensions are empty: the control
 * plane decides on the names. Loads the X.509 library, so an agent pays for it only when it enrols or renews.
 * @param keyPem PKCS #8 PEM of a P-256 key
 * @returns PKCS #10 in DER
 * @throws `state-corrupt` when the key is not one
 */
export async function createCertificateRequest(keyPem: string): Promise<Uint8Array> {
  const keys = await importKeyPair(keyPem);
  await import("reflect-metadata");
  const { Pkcs10CertificateRequestGenerator } = await import("@peculiar/x509");
  const request = await Pkcs10CertificateRequestGenerator.create({
    keys,
    signingAlgorithm: { name: "ECDSA", hash: "SHA-256" },
  });
  return new Uint8Array(request.rawData);
}

/** DER of the public half of a PEM private key (SubjectPublicKeyInfo). */
export function publicKeyDer(keyPem: string): Buffer {
  return createPublicKey(keyPem).export({ type: "spki", format: "der" });
}

async function importKeyPair(keyPem: string): Promise<webcrypto.CryptoKeyPair> {
  const algorithm = { name: "ECDSA", namedCurve: "P-256" };
  try {
    const pkcs8 = createPrivateKey(keyPem).export({ type: "pkcs8", format: "der" });
    return {
      privateKey: await crypto.subtle.importKey("pkcs8", pkcs8, algorithm, false, ["sign"]),
      publicKey: await crypto.subtle.importKey("spki", publicKeyDer(keyPem), algorithm, true, ["verify"]),
    };
  } catch (cause) {
    throw new WarrenError("state-corrupt", "the node's key cannot be read as a P-256 private key in PKCS #8 PEM", {
      cause,
    });
  }
}
