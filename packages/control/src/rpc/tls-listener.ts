import { createServer, type Server, type TLSSocket } from "node:tls";
import { listen } from "@warren/common/api/listen.ts";
import { formatEndpoint, parseEndpoint } from "@warren/common/net/endpoint.ts";
import type { Clock } from "@warren/common/runtime/clock.ts";
import type { Startable } from "@warren/common/runtime/startable.ts";
import type { Logger } from "pino";
import { type CertificateAuthority, SERVER_LIFETIME_MS } from "../identity/certificate-authority.ts";

export interface TlsListenerOptions {
  /** `HOST:PORT`; port 0 takes a free one. */
  readonly address: string;
  readonly ca: CertificateAuthority;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Called with each connection whose handshake is done. */
  readonly onConnection: (socket: TLSSocket) => void;
  /** Who has not finished its handshake by then is cut off; default 5 s. */
  readonly handshakeTimeoutMs?: number;
  /** Connections in all; more are refused. Default 16,384. */
  readonly maxConnections?: number;
}

/** As Node names OpenSSL's. */
const DATE_ERRORS = ["CERT_HAS_EXPIRED", "CERT_NOT_YET_VALID"];

/**
 * The one port of the control plane: TLS 1.3, with a certificate asked of the client but not required, since who joins
 * has none yet. Whether a call may be made without one is decided where calls are authenticated, not here. The server's
 * own certificate is made at start and renewed long before its end.
 */
export class TlsListener implements Startable {
  readonly #options: TlsListenerOptions;
  readonly #host: string;
  #port: number;
  #server: Server | undefined;
  readonly #sockets = new Set<{ destroy(): void }>();
  /** Why the certificate of a connection is not good, where it is its dates alone; by `ADDRESS:PORT` of the peer. */
  readonly #dateErrors = new Map<string, string>();
  #cancelRenewal = () => {};

  constructor(options: TlsListenerOptions) {
    this.#options = options;
    const { host, port } = parseEndpoint(options.address, { listen: true });
    this.#host = host;
    this.#port = port;
  }

  /** `HOST:PORT`, with the real port after `start`. */
  get address(): string {
    return formatEndpoint({ host: this.#host, port: this.#port });
  }

  get port(): number {
    return this.#port;
  }

  get connections(): number {
    return this.#sockets.size;
  }

  /** @throws `port-in-use`, `address-not-local` */
  async start(): Promise<void> {
    const { handshakeTimeoutMs = 5_000, maxConnections = 16_384, onConnection, logger } = this.#options;
    const server = createServer({
      ...(await this.#identity()),
      requestCert: true,
      rejectUnauthorized: false,
      ALPNProtocols: ["h2"],
      minVersion: "TLSv1.3",
      handshakeTimeout: handshakeTimeoutMs,
    });
    server.maxConnections = maxConnections;
    server.on("connection", (socket) => {
      this.#sockets.add(socket);
      socket.once("close", () => this.#sockets.delete(socket));
    });
    server.on("tlsClientError", (error, socket) => {
      logger.debug({ peer: socket.remoteAddress, reason: error.message }, "TLS handshake failed");
      socket.destroy();
    });
    server.on("secureConnection", (socket) => {
      // A peer that goes away in the middle is no event; the streams on it end.
      socket.on("error", () => {});
      this.#noteDates(socket);
      if (socket.alpnProtocol === "h2") onConnection(socket);
      else socket.destroy();
    });
    await listen(server, { host: this.#host, port: this.#port });
    // Too many open files, say: the next connection may work again.
    server.on("error", (error) => logger.error({ err: error }, "the gRPC port had an error"));
    this.#server = server;
    this.#port = (server.address() as { port: number }).port;
    this.#renewLater();
  }

  /** What is wrong with the dates of the peer's certificate, for whom it would be good otherwise; null when nothing is. */
  dateError(peer: string): string | null {
    return this.#dateErrors.get(peer) ?? null;
  }

  #noteDates(socket: TLSSocket): void {
    const reason = String(socket.authorizationError ?? "");
    const certificate = socket.getPeerX509Certificate();
    if (!certificate || !DATE_ERRORS.some((code) => reason.includes(code))) return;
    const peer = `${socket.remoteAddress}:${socket.remotePort}`;
    const { validFrom, validTo } = certificate;
    const now = new Date(this.#options.clock.nowMs()).toISOString();
    const text = `the caller's certificate is good from ${validFrom} to ${validTo} and has expired or is not yet valid: the clock of the control plane says ${now}. Set the clock that is wrong; where none is, join with a new token`;
    this.#dateErrors.set(peer, text);
    socket.once("close", () => this.#dateErrors.delete(peer));
  }

  /** Stops to accept; connections stay until `stop`. */
  closeDoor(): void {
    this.#cancelRenewal();
    this.#server?.close();
  }

  async stop(): Promise<void> {
    const server = this.#server;
    if (!server) return;
    this.#server = undefined;
    this.#cancelRenewal();
    const closed = new Promise<void>((resolve) => {
      if (server.listening) server.close(() => resolve());
      else server.once("close", () => resolve());
      if (!server.listening && this.#sockets.size === 0) resolve();
    });
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  async #identity(): Promise<{ key: string; cert: string; ca: string }> {
    const { ca } = this.#options;
    const { keyPem, chainPem } = await ca.issueServer();
    return { key: keyPem, cert: chainPem, ca: ca.certificate.toString() };
  }

  #renewLater(): void {
    // A renewal that was under way when the listener stopped is not followed by another.
    if (!this.#server) return;
    this.#cancelRenewal = this.#options.clock.after(SERVER_LIFETIME_MS / 3, () => {
      void this.#renew().finally(() => this.#renewLater());
    });
  }

  async #renew(): Promise<void> {
    try {
      this.#server?.setSecureContext({ ...(await this.#identity()), minVersion: "TLSv1.3" });
    } catch (error) {
      this.#options.logger.error({ err: error }, "the server's certificate could not be renewed");
    }
  }
}
