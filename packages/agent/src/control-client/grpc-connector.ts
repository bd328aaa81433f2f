import { X509Certificate } from "node:crypto";
import { WarrenError } from "@warren/common/errors/warren-error.ts";
import { certificatePem, checkNodeCertificate, readCertificate } from "@warren/common/identity/certificate.ts";
import { createCertificateRequest, createNodeKey, publicKeyDer } from "@warren/common/identity/node-key.ts";
import { createMeshClient } from "@warren/common/rpc/channel.ts";
import type { ControlConnector } from "./control-connector.ts";

/** gRPC over mutual TLS. */
export const grpcConnector: ControlConnector = {
  createKey: createNodeKey,
  async enroll(address, token, options) {
    // Only the first start of a node needs it.
    const { enroll } = await import("@warren/common/rpc/enroll.ts");
    return enroll(address, token, options);
  },
  async clockOffMs(address, { ca }, signal) {
    // Only a host whose certificates do not hold needs it.
    const { clockOffOf } = await import("@warren/common/rpc/enroll.ts");
    return clockOffOf(address, readCertificate(ca, "the cluster's CA"), signal);
  },
  connect: (address, { ca, certificate, key }) => createMeshClient(address, { ca, cert: certificate, key }),
  createRequest: createCertificateRequest,
  acceptCertificate(der, credentials) {
    const certificate = readCertificate(der, "the renewed certificate");
    const ca = readCertificate(credentials.ca, "the cluster's CA");
    const renewed = checkNodeCertificate(certificate, ca, null);
    const held = checkNodeCertificate(readCertificate(credentials.certificate, "the held certificate"), ca, null);
    const key = certificate.publicKey.export({ type: "spki", format: "der" });
    if (renewed.nodeId !== held.nodeId || !key.equals(publicKeyDer(credentials.key)))
      throw new WarrenError("unauthenticated", "the renewed certificate is not for this node and its key");
    return certificatePem(der);
  },
  validity(pem) {
    const certificate = new X509Certificate(pem);
    return { fromMs: Date.parse(certificate.validFrom), toMs: Date.parse(certificate.validTo) };
  },
};
