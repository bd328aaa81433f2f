import { createServer } from "node:net";
import { WarrenError } from "@warren/common/errors/warren-error.ts";

/** While it is held, no other process takes the device over. Ends with the process, however that ends. */
export interface DeviceHold {
  release(): Promise<void>;
}

/**
 * A TUN device belongs to the process that opened it; a vxlan device stays when its agent is killed, so that the next one
 * may take it over, and says nothing of whether an agent still lives. This does: an abstract Unix socket, which like the
 * device belongs to a network namespace, and goes with its process.
 *
 * @throws `already-exists` while another process holds the device
 */
export function holdDevice(name: string): Promise<DeviceHold> {
  const server = createServer((socket) => socket.destroy());
  server.unref();
  return new Promise((resolve, reject) => {
    server.once("error", (error) => reject(explain(name, error)));
    server.listen(`\0warren/${name}`, () =>
      resolve({
        release: () =>
          new Promise((done) => {
            server.close(() => done());
          }),
      }),
    );
  });
}

function explain(name: string, error: NodeJS.ErrnoException): WarrenError {
  if (error.code !== "EADDRINUSE") return WarrenError.from(error);
  return new WarrenError(
    "already-exists",
    `the device ${name} is held by another process, an agent most likely; stop it, or run this one in a network namespace of its own`,
    { cause: error },
  );
}
