import { createSocket, type Socket } from "node:dgram";
import { WarrenError } from "../errors/warren-error.ts";

/** Addresses for documentation (RFC 5737, RFC 3849): nobody has them, so the way there is the default route. */
const ANYWHERE = { 4: "198.51.100.1", 6: "2001:db8::1" } as const;
/** Of the way to nobody in particular. */
const DISCARD = 9;

/**
 * The address that packets of this host to another leave from: the kernel is asked for its route, nothing is sent. A datagram
 * socket that is connected has the source of its route.
 * @throws `unavailable` without a route
 */
export async function sourceOf(address: string, port: number, family: 4 | 6): Promise<string> {
  const socket = createSocket(family === 4 ? "udp4" : "udp6");
  try {
    await connect(socket, address, port);
    return socket.address().address;
  } catch (cause) {
    throw new WarrenError("unavailable", `this host has no route to ${address}: ${(cause as Error).message}`, {
      cause,
    });
  } finally {
    socket.close();
  }
}

/** The address of the default route. @throws `unavailable` without one */
export function defaultSource(family: 4 | 6): Promise<string> {
  return sourceOf(ANYWHERE[family], DISCARD, family);
}

function connect(socket: Socket, address: string, port: number): Promise<void> {
  return new Promise((done, fail) => {
    socket.once("error", fail);
    // Also called when it failed, which its type does not say.
    socket.connect(port, address, ((error?: Error) => (error ? fail(error) : done())) as () => void);
  });
}
