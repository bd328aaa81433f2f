import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { formatEndpoint, parseEndpoint } from "../net/endpoint.ts";
import type { Startable } from "../runtime/startable.ts";
import { type HandlerOptions, httpHandler } from "./http-handler.ts";
import { closeServer, listen } from "./listen.ts";

export interface HttpServerOptions extends HandlerOptions {
  /** `HOST:PORT`; port 0 takes a free one. */
  readonly address: string;
}

export interface HttpServer extends Startable {
  /** Where it listens, with the real port; what was asked for before `start`. */
  readonly address: string;
}

/** So many callers at a time; the next one waits for nothing, it is turned away. */
const MAX_CONNECTIONS = 128;

/**
 * Who is slow to ask, or to take the answer, is cut off, so that a few callers cannot hold every connection. Node.js
 * looks for the first two only every `connectionsCheckingInterval`.
 */
const PATIENCE = {
  headersTimeout: 5_000,
  requestTimeout: 10_000,
  connectionsCheckingInterval: 2_000,
  keepAliveTimeout: 5_000,
} as const;
const IDLE_MS = 30_000;

/**
 * Plain HTTP over TCP, without authentication: only GET routes with nothing secret belong here, and who may reach it is
 * the address' to say. No CORS header is ever sent.
 * @throws at `start`: `port-in-use`, `address-not-local`, `not-root`
 */
export function createHttpServer(options: HttpServerOptions): HttpServer {
  const { host, port } = parseEndpoint(options.address, { listen: true });
  let server: Server | undefined;
  let bound = port;
  return {
    get address() {
      return formatEndpoint({ host, port: bound });
    },
    async start() {
      const starting = createServer(PATIENCE, httpHandler(options));
      starting.maxConnections = MAX_CONNECTIONS;
      starting.timeout = IDLE_MS;
      await listen(starting, { host, port });
      bound = (starting.address() as AddressInfo).port;
      server = starting;
    },
    async stop() {
      const stopping = server;
      server = undefined;
      if (stopping) await closeServer(stopping);
    },
  };
}
