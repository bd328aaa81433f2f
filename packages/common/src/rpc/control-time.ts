import type { X509Certificate } from "node:crypto";
import { connect } from "node:http2";
import { connect as connectTls, type TLSSocket } from "node:tls";
import { WarrenError } from "../errors/warren-error.ts";
import { CONTROL_SERVER_NAME } from "../identity/node-uri.ts";
import { formatEndpoint, parseEndpoint } from "../net/endpoint.ts";

const TIMEOUT_MS = 5_000;
const MAX_CHAIN = 8;

/**
 * What the clock of the control plane says, in whole seconds: the `date` of an answer over TLS. Dates of certificates are no
 * part of the check, since it is them that fail where a clock is wrong; what is learned is for a message, never for a check.
 *
 * @param check throws when the chain, leaf first, is not one that may be asked; the leaf's key is proven by the handshake
 * @returns milliseconds since the Unix epoch
 * @throws `unavailable` when nobody answers, or the answer has no date
 */
export async function readControlTime(
  address: string,
  check: (chain: readonly X509Certificate[]) => void,
  signal?: AbortSignal,
): Promise<number> {
  const { host, port } = parseEndpoint(address);
  const peer = formatEndpoint({ host, port });
  const timeout = AbortSignal.timeout(TIMEOUT_MS);
  const both = signal ? AbortSignal.any([signal, timeout]) : timeout;
  try {
    const date = Date.parse((await ask(host, port, check, both)) ?? "");
    if (!Number.isNaN(date)) return date;
  } catch (cause) {
    signal?.throwIfAborted();
    const why = timeout.aborted ? `no answer within ${TIMEOUT_MS} ms` : (cause as Error).message;
    throw new WarrenError("unavailable", `the control plane at ${peer} does not answer: ${why}`, { cause });
  }
  throw new WarrenError("unavailable", `the control plane at ${peer} does not say what time it is`);
}

/** The chain that a server showed, leaf first. */
export function presentedChain(socket: TLSSocket): X509Certificate[] {
  const chain: X509Certificate[] = [];
  let certificate = socket.getPeerX509Certificate();
  while (certificate && chain.length < MAX_CHAIN) {
    chain.push(certificate);
    certificate = certificate.issuerCertificate;
  }
  return chain;
}

/** How everybody begins who cannot let TLS check the server yet: it proves the leaf's key, and no more. */
export function connectUnchecked(host: string, port: number): TLSSocket {
  return connectTls({
    host,
    port,
    servername: CONTROL_SERVER_NAME,
    rejectUnauthorized: false,
    // None of the public authorities: without the list Node loads all of them, 8 MB that would stay.
    ca: [],
    ALPNProtocols: ["h2"],
    minVersion: "TLSv1.3",
  });
}

function ask(
  host: string,
  port: number,
  check: (chain: readonly X509Certificate[]) => void,
  signal: AbortSignal,
): Promise<string | undefined> {
  return new Promise((resolve, reject) => {
    const socket = connectUnchecked(host, port);
    const session = connect(`https://${formatEndpoint({ host, port })}`, { createConnection: () => socket });
    const end = (settle: () => void): void => {
      signal.removeEventListener("abort", abort);
      session.destroy();
      socket.destroy();
      settle();
    };
    const fail = (error: Error): void => end(() => reject(error));
    const abort = (): void => fail(signal.reason as Error);
    signal.addEventListener("abort", abort, { once: true });
    socket.once("error", fail);
    session.once("error", fail);
    socket.once("secureConnect", () => {
      try {
        check(presentedChain(socket));
      } catch (error) {
        fail(error as Error);
        return;
      }
      const request = session.request({ ":path": "/" });
      // The session's own error says why; the request only knows that it was cancelled.
      request.once("error", (error) => fail((error.cause as Error | undefined) ?? error));
      request.once("response", (headers) => end(() => resolve(headers.date)));
      request.end();
    });
    if (signal.aborted) abort();
  });
}
