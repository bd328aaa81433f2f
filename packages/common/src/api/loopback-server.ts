import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { WarrenError } from "../errors/warren-error.ts";
import { formatEndpoint, parseEndpoint } from "../net/endpoint.ts";
import type { Startable } from "../runtime/startable.ts";
import { type HandlerOptions, httpHandler } from "./http-handler.ts";
import { closeServer, listen } from "./listen.ts";

export interface LoopbackServerOptions extends HandlerOptions {
  /** `HOST:PORT`; port 0 takes a free one. */
  readonly address: string;
}

export interface LoopbackServer extends Startable {
  /** Where it listens, with the real port; what was asked for before `start`. */
  readonly address: string;
}

/**
 * Plain HTTP for probes and scrapers, meant for loopback. It has no authentication, so only harmless GET routes belong
 * here. Requests whose Host is not the address itself or `localhost` are refused: a web page whose name was rebound to
 * 127.0.0.1 carries its own name there. No CORS header is ever sent.
 */
export function createLoopbackServer(options: LoopbackServerOptions): LoopbackServer {
  const { host, port } = parseEndpoint(options.address, { listen: true });
  let server: Server | undefined;
  let bound = port;
  const guard = (request: IncomingMessage) => {
    checkHost(request.headers.host, host, bound);
    options.guard?.(request);
  };
  return {
    get address() {
      return formatEndpoint({ host, port: bound });
    },
    async start() {
      const starting = createServer(
        { requestTimeout: 10_000, headersTimeout: 5_000 },
        httpHandler({ ...options, guard }),
      );
      starting.maxConnections = 128;
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

function checkHost(header: string | undefined, host: string, port: number): void {
  const name = (header ?? "").toLowerCase();
  for (const allowed of [host, "localhost", "127.0.0.1", "::1"]) {
    const endpoint = formatEndpoint({ host: allowed, port });
    if (name === endpoint || (port === 80 && name === allowed)) return;
  }
  throw new WarrenError(
    "forbidden",
    `the Host "${name}" is not this server's; expected ${formatEndpoint({ host, port })}`,
  );
}
