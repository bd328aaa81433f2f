import { WarrenError } from "@warren/common/errors/warren-error.ts";
import { formatAddress, type IpAddress } from "@warren/common/net/address.ts";
import { AF_INET, AF_INET6, encodeSockaddr } from "../../route/sockaddr.ts";
import { errnoName } from "./errno.ts";
import { type Libc, nativeAddress } from "./libc.ts";
import { SOCK_CLOEXEC, SOCK_NONBLOCK, SOCK_STREAM } from "./socket-options.ts";

// include/uapi/linux/in.h, linux/tcp.h
const IPPROTO_TCP = 6;
const TCP_MAXSEG = 2;

/**
 * A TCP socket bound to a free port of `address`, for `server.listen({fd})`, whose connections send and are sent segments
 * of at most `mss` bytes: the option must be set before the handshake, and Node.js has none for it.
 * @returns the descriptor; it is the caller's to close
 * @throws WarrenError `address-not-local`, `internal`
 */
export function openCappedSocket(libc: Libc, address: IpAddress, mss: number): number {
  const fd = libc.socket(address.family === 4 ? AF_INET : AF_INET6, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) throw new WarrenError("internal", `no TCP socket: ${errnoName(libc.errno())}`);
  // Above the pool of small buffers of Node.js, so that its address is its own.
  const memory = new Uint8Array(128);
  new DataView(memory.buffer).setInt32(0, mss, true);
  const isSet = libc.setsockopt(fd, IPPROTO_TCP, TCP_MAXSEG, nativeAddress(memory), 4) === 0;
  const length = encodeSockaddr(memory, 0, address, 0);
  if (isSet && libc.bind(fd, nativeAddress(memory), length) === 0) return fd;
  const why = errnoName(libc.errno());
  libc.close(fd);
  throw new WarrenError(
    isSet ? "address-not-local" : "internal",
    `no TCP socket on ${formatAddress(address)} with segments of ${mss} bytes: ${why}`,
  );
}
