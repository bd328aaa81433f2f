import { createSocket, type Socket } from "node:dgram";
import { lookup } from "node:dns/promises";
import { networkInterfaces } from "node:os";
import { WarrenError } from "@warren/common/errors/warren-error.ts";
import { formatAddress, parseAddress } from "@warren/common/net/address.ts";
import { parseEndpoint } from "@warren/common/net/endpoint.ts";

/** Addresses for documentation (RFC 5737, RFC 3849): nobody has them, so the way there is the default route. */
const ANYWHERE = { 4: "198.51.100.1", 6: "2001:db8::1" } as const;

/**
 * Which address of this host packets to the control plane leave from: the kernel is asked for its route, nothing is sent.
 * Where the control plane is on this host, the address of the default route.
 *
 * @param control `HOST:PORT`
 * @throws `unavailable` when the name is not known, or there is no route
 */
export async function sourceTo(control: string): Promise<string> {
  const { host, port } = parseEndpoint(control);
  const { address, family } = await resolve(host);
  const source = await sourceOf(address, port, family);
  if (!isLoopback(source)) return source;
  try {
    return await sourceOf(ANYWHERE[family], port, family);
  } catch {
    throw new WarrenError(
      "config-invalid",
      `underlay: auto found ${source}, which no other node reaches; name the address of this host as underlay`,
    );
  }
}

/** Whether an interface of this host that is up has the address. Cheap. */
export function hasAddress(address: string): boolean {
  const wanted = formatAddress(parseAddress(address));
  return Object.values(networkInterfaces()).some((infos) => infos?.some((info) => info.address === wanted));
}

async function resolve(host: string): Promise<{ address: string; family: 4 | 6 }> {
  try {
    const { address, family } = await lookup(host);
    return { address, family: family === 6 ? 6 : 4 };
  } catch (cause) {
    throw new WarrenError("unavailable", `the address of ${host} is not known: ${(cause as Error).message}`, { cause });
  }
}

/** A datagram socket that is connected has the source of its route; connecting sends nothing. */
async function sourceOf(address: string, port: number, family: 4 | 6): Promise<string> {
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

function connect(socket: Socket, address: string, port: number): Promise<void> {
  return new Promise((done, fail) => {
    socket.once("error", fail);
    // Also called when it failed, which its type does not say.
    socket.connect(port, address, ((error?: Error) => (error ? fail(error) : done())) as () => void);
  });
}

function isLoopback(address: string): boolean {
  return address === "::1" || address.startsWith("127.");
}
