import type { Server as HttpServer } from "node:http";
import type { ListenOptions, Server } from "node:net";
import { WarrenError } from "../errors/warren-error.ts";

/**
 * Starts to listen.
 * @throws `port-in-use` that says how to find the holder, `address-not-local`, `not-root` for a port that needs it
 */
export function listen(server: Server, options: ListenOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    const onError = (error: NodeJS.ErrnoException) => reject(listenError(error, options));
    server.once("error", onError);
    server.listen(options, () => {
      server.removeListener("error", onError);
      resolve();
    });
  });
}

function listenError(error: NodeJS.ErrnoException, { host, port, path }: ListenOptions): WarrenError {
  const where = path ?? (host?.includes(":") ? `[${host}]:${port}` : `${host}:${port}`);
  const options = { cause: error };
  if (error.code === "EADDRINUSE" && path) {
    return new WarrenError("already-running", `another process listens on ${where}`, options);
  }
  if (error.code === "EADDRINUSE") {
    return new WarrenError(
      "port-in-use",
      `TCP port ${port} is in use, so ${where} cannot be listened on; "ss -ltnp sport = :${port}" names the holder`,
      options,
    );
  }
  if (error.code === "EADDRNOTAVAIL") {
    return new WarrenError(
      "address-not-local",
      `${where} cannot be listened on: no interface of this host has ${host}; "ip address" lists what there is`,
      options,
    );
  }
  if (error.code === "EACCES") return new WarrenError("not-root", `no permission to listen on ${where}`, options);
  return new WarrenError("internal", `cannot listen on ${where}: ${error.message}`, options);
}

/** Stops to listen and ends every connection, idle or not. */
export function closeServer(server: HttpServer): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
