import type { X509Certificate } from "node:crypto";
import { WarrenError } from "../errors/warren-error.ts";
import {
  certificatePem,
  checkNodeCertificate,
  checkServerCertificate,
  isCurrent,
  publicKeyHash,
  readCertificate,
} from "../identity/certificate.ts";
import { type JoinToken, parseToken } from "../identity/join-token.ts";
import { createCertificateRequest, publicKeyDer } from "../identity/node-key.ts";
import { formatEndpoint, parseEndpoint } from "../net/endpoint.ts";
import { CLOCK_TOLERANCE_MS, clockOff } from "../runtime/clock-difference.ts";
import { openChannel } from "./channel.ts";
import { connectUnchecked, presentedChain, readControlTime } from "./control-time.ts";
import { rpcServices } from "./definitions.ts";
import { type EnrollRequest, type EnrollResponse, PROTOCOL_VERSION } from "./messages.ts";

export interface EnrollOptions {
  readonly nodeName: string;
  readonly underlayAddress: string;
  /**
   * The node's private key, PKCS #8 PEM, of `createNodeKey`. Save it before the call: the same key with the same token
   * gets the same node again, so a node that died before it saved the answer has not wasted a single-use token.
   */
  readonly keyPem: string;
  readonly signal?: AbortSignal;
}

/** What an enrolled node keeps beside its key. */
export interface Enrollment {
  readonly clusterId: string;
  readonly nodeId: string;
  /** The node's certificate, PEM. */
  readonly certificatePem: string;
  /** The cluster's CA, PEM: the only one this node trusts from now on. */
  readonly caPem: string;
}

/**
 * Joins the cluster of the token. In this order: opens a TLS connection, checks that the CA behind the server is the
 * one the token names, and only then, over a connection that trusts no other CA, sends the secret.
 * @param address `HOST:PORT` of the control plane
 * @param token as `warren token create` printed it
 * @throws `token-malformed`; `unavailable` when nobody answers; `ca-mismatch` when it is another control plane (the
 *   secret was not sent); `token-unknown`, `-expired`, `-used`, `-revoked`; `node-name-taken`; `underlay-taken`
 */
export async function enroll(address: string, token: string, options: EnrollOptions): Promise<Enrollment> {
  const join = parseToken(token);
  const csr = await createCertificateRequest(options.keyPem);
  const ca = await findClusterCa(address, join, options.signal);
  const channel = openChannel(address, rpcServices().enrollment, { ca: ca.toString() });
  try {
    const request: EnrollRequest = {
      protocol: PROTOCOL_VERSION,
      token_id: join.id,
      token_secret: join.secret,
      node_name: options.nodeName,
      underlay_address: options.underlayAddress,
      csr_der: csr,
    };
    const response = await channel.unary<EnrollRequest, EnrollResponse>("Enroll", request, options.signal);
    return checkResponse(response, ca, options.keyPem);
  } finally {
    channel.close();
  }
}

/** What came back is a certificate of the pinned CA for our key, or nothing. */
function checkResponse(response: EnrollResponse, ca: X509Certificate, keyPem: string): Enrollment {
  const certificate = readCertificate(response.certificate_der, "the certificate the control plane sent");
  // Made just now, by the clock that it will be judged by.
  const identity = checkNodeCertificate(certificate, ca, null);
  const key = certificate.publicKey.export({ type: "spki", format: "der" });
  if (!key.equals(publicKeyDer(keyPem)) || identity.nodeId !== response.node_id) {
    throw new WarrenError("unauthenticated", "the control plane sent a certificate that is not for this node's key");
  }
  return {
    clusterId: identity.clusterId,
    nodeId: identity.nodeId,
    certificatePem: certificatePem(response.certificate_der),
    caPem: ca.toString(),
  };
}

const CONNECT_TIMEOUT_MS = 10_000;

/**
 * The CA of the control plane at `address`, if it is the one the token names. Nothing is sent but a TLS hello.
 * @throws `ca-mismatch`, `unavailable`, `clock-off`
 */
export async function findClusterCa(address: string, token: JoinToken, signal?: AbortSignal): Promise<X509Certificate> {
  const { host, port } = parseEndpoint(address);
  const peer = formatEndpoint({ host, port });
  const chain = await connectAndRead(host, port, peer, signal);
  const ca = chain.find((certificate) => certificate.ca && publicKeyHash(certificate) === token.caHash);
  if (!ca) {
    const seen = chain.map((certificate) => `sha256:${publicKeyHash(certificate)}`).at(-1) ?? "none";
    throw new WarrenError(
      "ca-mismatch",
      `the control plane at ${peer} is not the one this token was made by: its CA is ${seen}, the token names ` +
        `sha256:${token.caHash}; the token's secret was not sent. Check the address, or make a token there`,
    );
  }
  const server = chain[0]!;
  // A CA's certificate is public: anybody can show it. Only a leaf that its key signed tells whose server this is.
  try {
    checkServerCertificate(server, ca, null);
    if (!isCurrent(server, Date.now())) await refuseWrongClock(address, ca, signal);
    checkServerCertificate(server, ca, Date.now());
  } catch (cause) {
    if (signal?.aborted || (cause instanceof WarrenError && cause.code === "clock-off")) throw cause;
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new WarrenError("ca-mismatch", `${peer} shows the right CA, but ${why}; the token's secret was not sent`, {
      cause,
    });
  }
  return ca;
}

function connectAndRead(host: string, port: number, peer: string, signal?: AbortSignal): Promise<X509Certificate[]> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason as Error);
    // Not verified here: the token's hash decides, below. The handshake still proves possession of the leaf's key.
    const socket = connectUnchecked(host, port);
    const end = (settle: () => void) => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", onAbort);
      socket.destroy();
      settle();
    };
    const unavailable = (why: string, cause?: unknown) =>
      end(() =>
        reject(new WarrenError("unavailable", `the control plane at ${peer} does not answer: ${why}`, { cause })),
      );
    const onAbort = () => end(() => reject(signal!.reason as Error));
    const timer = setTimeout(() => unavailable(`no TLS answer within ${CONNECT_TIMEOUT_MS} ms`), CONNECT_TIMEOUT_MS);
    signal?.addEventListener("abort", onAbort, { once: true });
    socket.on("error", (error) => unavailable(error.message, error));
    socket.on("secureConnect", () => {
      const chain = presentedChain(socket);
      end(() => resolve(chain));
    });
  });
}

/** Where the server's certificate is right but for its dates: says so when it is our clock that is wrong. */
async function refuseWrongClock(address: string, ca: X509Certificate, signal?: AbortSignal): Promise<void> {
  let offMs = 0;
  try {
    offMs = await clockOffOf(address, ca, signal);
  } catch {
    signal?.throwIfAborted();
  }
  if (Math.abs(offMs) > CLOCK_TOLERANCE_MS) throw clockOff(offMs);
}

/**
 * How far this host's clock is ahead of the control plane's, told by whoever has a certificate of that CA for it, in its
 * time or not. @throws `unavailable`
 */
export async function clockOffOf(address: string, ca: X509Certificate, signal?: AbortSignal): Promise<number> {
  const controlMs = await readControlTime(address, ([leaf]) => checkServerCertificate(leaf!, ca, null), signal);
  return Date.now() - controlMs;
}
