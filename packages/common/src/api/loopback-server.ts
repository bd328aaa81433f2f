import { WarrenError } from "../errors/warren-error.ts";
import { formatEndpoint, parseEndpoint } from "../net/endpoint.ts";
import { createHttpServer, type HttpServer, type HttpServerOptions } from "./http-server.ts";

/**
 * An HTTP server for probes, scrapers and people of this host, meant for loopback. Requests whose Host is not the
 * address itself or `localhost` are refused: a web page whose name was rebound to 127.0.0.1 carries its own name there.
 */
export function createLoopbackServer(options: HttpServerOptions): HttpServer {
  const server = createHttpServer({
    ...options,
    guard: (request) => {
      checkHost(request.headers.host, server.address);
      options.guard?.(request);
    },
  });
  return server;
}

function checkHost(header: string | undefined, address: string): void {
  const { host, port } = parseEndpoint(address, { listen: true });
  const name = (header ?? "").toLowerCase();
  for (const allowed of [host, "localhost", "127.0.0.1", "::1"]) {
    const endpoint = formatEndpoint({ host: allowed, port });
    if (name === endpoint || (port === 80 && name === allowed)) return;
  }
  throw new WarrenError("forbidden", `the Host "${name}" is not this server's; expected ${address}`);
}
