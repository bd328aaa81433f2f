import { chmod, lstat, mkdir, rm } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import { connect } from "node:net";
import { dirname } from "node:path";
import { WarrenError } from "../errors/warren-error.ts";
import type { Startable } from "../runtime/startable.ts";
import { type HandlerOptions, httpHandler } from "./http-handler.ts";
import { closeServer, listen } from "./listen.ts";

export interface LocalServerOptions extends HandlerOptions {
  /** Such as `/run/warren/agent.sock`. Its directory is made with mode 0750 when absent. */
  readonly socketPath: string;
}

/** `sun_path` of Linux holds 108 bytes with the final zero. */
const MAX_SOCKET_PATH = 107;

/**
 * The local API over a Unix socket of mode 0600: who may open it is root on this host or the service's own user.
 * `start` throws `already-running` when another process answers on the socket; a socket nobody answers on, left by a
 * killed process, is replaced.
 */
export function createLocalServer(options: LocalServerOptions): Startable {
  const { socketPath } = options;
  let server: Server | undefined;
  return {
    async start() {
      if (Buffer.byteLength(socketPath) > MAX_SOCKET_PATH) {
        throw new WarrenError(
          "config-invalid",
          `the socket path ${socketPath} has more than ${MAX_SOCKET_PATH} bytes; choose a shorter run-dir`,
        );
      }
      await mkdir(dirname(socketPath), { recursive: true, mode: 0o750 });
      await removeStaleSocket(socketPath);
      const starting = createServer(httpHandler(options));
      await listen(starting, { path: socketPath });
      server = starting;
      // Between bind and here the directory's mode guards the socket.
      await chmod(socketPath, 0o600);
    },
    async stop() {
      const stopping = server;
      server = undefined;
      if (!stopping) return;
      await closeServer(stopping);
      await rm(socketPath, { force: true });
    },
  };
}

async function removeStaleSocket(socketPath: string): Promise<void> {
  if (await answers(socketPath)) {
    throw new WarrenError(
      "already-running",
      `another process answers on ${socketPath}; stop it, or give this one another run-dir`,
    );
  }
  const found = await lstat(socketPath).catch(() => null);
  if (found && !found.isSocket()) {
    throw new WarrenError("already-exists", `${socketPath} is in the way: it is not a socket; move it elsewhere`);
  }
  await rm(socketPath, { force: true });
}

function answers(socketPath: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ path: socketPath });
    socket.on("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.on("error", (error: NodeJS.ErrnoException) => {
      resolve(error.code !== "ENOENT" && error.code !== "ECONNREFUSED" && error.code !== "ENOTSOCK");
    });
  });
}
