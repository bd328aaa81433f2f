import { formatAddress, type IpAddress } from "@warren/common/net/address.ts";
import { formatEndpoint } from "@warren/common/net/endpoint.ts";

/**
 * Socket addresses of Linux, in the bytes the kernel reads and writes: the form in which the packet path carries
 * underlay addresses.
 *
 *     sockaddr_in   0 family (host order)  2 port  4 address                              16 bytes
 *     sockaddr_in6  0 family (host order)  2 port  4 flow info  8 address  24 scope id    28 bytes
 */
export const SOCKADDR_BYTES = 28;
export const SOCKADDR_V4 = 4;
export const SOCKADDR_V6 = 8;
export const AF_INET = 2;
export const AF_INET6 = 10;
const SOCKADDR_IN_BYTES = 16;

/** Writes the socket address and @returns its length: 16 or 28. */
export function encodeSockaddr(buf: Uint8Array, offset: number, address: IpAddress, port: number): number {
  const v4 = address.family === 4;
  const length = v4 ? SOCKADDR_IN_BYTES : SOCKADDR_BYTES;
  buf.fill(0, offset, offset + length);
  buf[offset] = v4 ? AF_INET : AF_INET6;
  buf[offset + 2] = port >>> 8;
  buf[offset + 3] = port;
  buf.set(address.bytes, offset + (v4 ? SOCKADDR_V4 : SOCKADDR_V6));
  return length;
}

/** Length of the socket address at `offset`: 16 for IPv4, 28 for IPv6. */
export function sockaddrLength(buf: Uint8Array, offset: number): number {
  return buf[offset] === AF_INET ? SOCKADDR_IN_BYTES : SOCKADDR_BYTES;
}

/** `HOST:PORT` of a socket address, for people. */
export function formatSockaddr(name: Uint8Array): string {
  const [family, at, length] = name[0] === AF_INET ? ([4, SOCKADDR_V4, 4] as const) : ([6, SOCKADDR_V6, 16] as const);
  const host = formatAddress({ family, bytes: name.slice(at, at + length) });
  return formatEndpoint({ host, port: (name[2]! << 8) | name[3]! });
}
