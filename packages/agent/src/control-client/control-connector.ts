import type { MeshClient } from "@warren/common/rpc/channel.ts";
import type { Enrollment, EnrollOptions } from "@warren/common/rpc/enroll.ts";

/** What a node shows and trusts, PEM. */
export interface Credentials {
  readonly key: string;
  readonly certificate: string;
  readonly ca: string;
}

export interface Validity {
  readonly fromMs: number;
  readonly toMs: number;
}

/** The way to the control plane: gRPC over TLS, or straight into its core in the simulator. */
export interface ControlConnector {
  /** Makes a node's private key, PEM. */
  createKey(): string;
  /** Joins with a token. Errors of `common/rpc/enroll.ts`. */
  enroll(address: string, token: string, options: EnrollOptions): Promise<Enrollment>;
  /**
   * How far this host's clock is ahead of the control plane's, also where it is so far off that certificates do not hold.
   * Throws `unavailable`.
   */
  clockOffMs(address: string, credentials: Credentials, signal?: AbortSignal): Promise<number>;
  /** A client for the node; connects when it is first used. */
  connect(address: string, credentials: Credentials): MeshClient;
  /** A certificate request for the key, PKCS #10 in DER. */
  createRequest(keyPem: string): Promise<Uint8Array>;
  /**
   * Checks a renewed certificate against the CA and the key; PEM. Its dates are by the control plane's clock, and for that to
   * judge. Throws `unauthenticated`.
   */
  acceptCertificate(certificateDer: Uint8Array, credentials: Credentials): string;
  validity(certificatePem: string): Validity;
}
