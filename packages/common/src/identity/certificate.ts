import { createHash, X509Certificate } from "node:crypto";
import { WarrenError } from "../errors/warren-error.ts";
import { CONTROL_SERVER_NAME, type NodeIdentity, parseNodeUri } from "./node-uri.ts";

const CLIENT_AUTH = "1.3.6.1.5.5.7.3.2";
const SERVER_AUTH = "1.3.6.1.5.5.7.3.1";

/** Hex SHA-256 of the certificate's SubjectPublicKeyInfo in DER: what a join token and a fingerprint name. */
export function publicKeyHash(certificate: X509Certificate): string {
  return createHash("sha256")
    .update(certificate.publicKey.export({ type: "spki", format: "der" }))
    .digest("hex");
}

/** A DER certificate as PEM text. */
export function certificatePem(der: Uint8Array): string {
  const lines =
    Buffer.from(der)
      .toString("base64")
      .match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join("\n")}\n-----END CERTIFICATE-----\n`;
}

/** Reads a certificate, PEM or DER. @throws `unauthenticated` when it is none */
export function readCertificate(bytes: Uint8Array | string, what: string): X509Certificate {
  try {
    return new X509Certificate(bytes);
  } catch (cause) {
    throw new WarrenError("unauthenticated", `${what} cannot be read as an X.509 certificate`, { cause });
  }
}

/**
 * Whose certificate this is. Checks everything that makes it good: made by `ca`'s key, in its time, not a CA itself,
 * for clients, and with exactly one name, the node's URI.
 * @param nowMs null: at whatever time, where it is for others to say whether it is good now
 * @throws `unauthenticated`, saying which of these fails
 */
export function checkNodeCertificate(
  certificate: X509Certificate,
  ca: X509Certificate,
  nowMs: number | null,
): NodeIdentity {
  checkIssuedAndCurrent(certificate, ca, nowMs, "the node's certificate");
  if (!certificate.keyUsage?.includes(CLIENT_AUTH)) fail("the certificate is not for a client");
  const names = certificate.subjectAltName ?? "";
  const identity = names.startsWith("URI:") ? parseNodeUri(names.slice(4)) : null;
  if (!identity) fail(`the certificate does not name a node: its subject alternative name is "${names}"`);
  return identity;
}

/**
 * That `certificate` is a control plane's of this CA. Used where TLS cannot check yet, before the CA is trusted.
 * @param nowMs null: at whatever time
 * @throws `unauthenticated`, saying what is wrong with it
 */
export function checkServerCertificate(certificate: X509Certificate, ca: X509Certificate, nowMs: number | null): void {
  checkIssuedAndCurrent(certificate, ca, nowMs, "the control plane's certificate");
  if (!certificate.keyUsage?.includes(SERVER_AUTH)) fail("the control plane's certificate is not for a server");
  if (!certificate.checkHost(CONTROL_SERVER_NAME)) {
    fail(`the control plane's certificate is not for ${CONTROL_SERVER_NAME}: ${certificate.subjectAltName}`);
  }
}

/** Whether the certificate is in its time. */
export function isCurrent(certificate: X509Certificate, nowMs: number): boolean {
  return nowMs >= Date.parse(certificate.validFrom) && nowMs <= Date.parse(certificate.validTo);
}

function checkIssuedAndCurrent(
  certificate: X509Certificate,
  ca: X509Certificate,
  nowMs: number | null,
  what: string,
): void {
  if (certificate.ca) fail(`${what} is a CA's`);
  // By key, not by name: any CA can carry our CA's name.
  if (!certificate.verify(ca.publicKey)) fail(`${what} is not of this cluster's CA`);
  if (nowMs === null || isCurrent(certificate, nowMs)) return;
  const isEarly = nowMs < Date.parse(certificate.validFrom);
  const { validFrom, validTo } = certificate;
  const why = isEarly ? `is not valid before ${validFrom}` : `expired on ${validTo}`;
  fail(
    `${what} ${why}, and the clock of who checked it says ${new Date(nowMs).toISOString()}; is one of the clocks wrong?`,
  );
}

function fail(message: string): never {
  throw new WarrenError("unauthenticated", message);
}
