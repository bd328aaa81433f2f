import { X509Certificate } from "node:crypto";
import { WarrenError } from "@warren/common/errors/warren-error.ts";
import { checkNodeCertificate } from "@warren/common/identity/certificate.ts";
import { requireNode } from "../mesh/access.ts";
import type { MeshContext } from "../mesh/context.ts";

/** What a call tells of the connection it came on. */
export interface CallPeer {
  /** `ADDRESS:PORT` */
  getPeer(): string;
  getAuthContext(): { readonly sslPeerCertificate?: { readonly raw: Uint8Array } };
}

export interface Caller {
  readonly nodeId: string;
  /** When the certificate ends; a call that lasts is ended then. */
  readonly expiresMs: number;
}

/** What is wrong with the dates of a peer's certificate, if anything. */
export type DateError = (peer: string) => string | null;

/**
 * Who makes a Mesh call: the only place that decides it, for every method. The certificate must be of our CA, in its
 * time, for a client, name a node of this cluster, and that node must not be revoked. The node is refused by its id, not
 * by a fingerprint: an ECDSA signature has two valid forms, so one certificate has two fingerprints.
 * @throws `unauthenticated`, `node-revoked`
 */
export function authenticate(call: CallPeer, { ca, view, clock }: MeshContext, dateError: DateError): Caller {
  // Present only when TLS has verified the chain against our CA; everything is checked again here all the same.
  const raw = call.getAuthContext().sslPeerCertificate?.raw;
  if (!raw) {
    throw new WarrenError(
      "unauthenticated",
      dateError(call.getPeer()) ?? "the caller has no certificate of this cluster; join with a token first",
    );
  }
  const certificate = new X509Certificate(raw);
  const { clusterId, nodeId } = checkNodeCertificate(certificate, ca.certificate, clock.nowMs());
  if (clusterId !== view.cluster.id) {
    throw new WarrenError(
      "unauthenticated",
      `the caller's certificate is for cluster ${clusterId}, this is ${view.cluster.id}`,
    );
  }
  requireNode(view, nodeId);
  return { nodeId, expiresMs: Date.parse(certificate.validTo) };
}
