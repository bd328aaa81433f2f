import { WarrenError } from "@warren/common/errors/warren-error.ts";
import { formatAddress, type IpAddress } from "@warren/common/net/address.ts";
import { AF_INET, AF_INET6, encodeSockaddr } from "../../route/sockaddr.ts";
import { ERRNO, errnoName } from "./errno.ts";
import { type Libc, nativeAddress } from "./libc.ts";
import {
  IP_MTU_DISCOVER,
  IPPROTO_IP,
  IPPROTO_IPV6,
  IPV6_MTU_DISCOVER,
  IPV6_V6ONLY,
  PMTUDISC_DO,
  SO_RCVBUFFORCE,
  SOCK_CLOEXEC,
  SOCK_DGRAM,
  SOCK_NONBLOCK,
  SOL_SOCKET,
} from "./socket-options.ts";

/** A thousand small datagrams, which come from all nodes at once while the main thread does something else. */
const RECEIVE_BUFFER = 1 << 20;

/**
 * A UDP socket bound to an address of the namespace that the thread is in, whose datagrams nobody may fragment: for
 * `dgram`'s `bind({fd})`, whose own sockets can be opened in no other namespace and set no such option. Synchronous, so
 * that it can be called during a visit to a pod's namespace; the socket stays in that namespace for its life.
 * @returns the descriptor; it is the caller's to close
 * @throws `address-not-local`, `port-in-use`, `internal`
 */
export function openUnfragmentedSocket(libc: Libc, address: IpAddress, port: number): number {
  const isV6 = address.family === 6;
  const fd = libc.socket(isV6 ? AF_INET6 : AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) throw new WarrenError("internal", `no UDP socket: ${errnoName(libc.errno())}`);
  // Above the pool of small buffers of Node.js, so that its address is its own.
  const memory = new Uint8Array(128);
  const view = new DataView(memory.buffer);
  const set = (level: number, option: number, value: number): boolean => {
    view.setInt32(0, value, true);
    return libc.setsockopt(fd, level, option, nativeAddress(memory), 4) === 0;
  };
  const isSet = isV6
    ? set(IPPROTO_IPV6, IPV6_V6ONLY, 1) && set(IPPROTO_IPV6, IPV6_MTU_DISCOVER, PMTUDISC_DO)
    : set(IPPROTO_IP, IP_MTU_DISCOVER, PMTUDISC_DO);
  // Without CAP_NET_ADMIN it is the host's default, a quarter of it.
  set(SOL_SOCKET, SO_RCVBUFFORCE, RECEIVE_BUFFER);
  const length = encodeSockaddr(memory, 0, address, port);
  if (isSet && libc.bind(fd, nativeAddress(memory), length) === 0) return fd;
  const errno = libc.errno();
  libc.close(fd);
  const what = `no UDP socket at ${formatAddress(address)}: ${errnoName(errno)}`;
  if (errno === ERRNO.EADDRINUSE) throw new WarrenError("port-in-use", what);
  throw new WarrenError(errno === ERRNO.EADDRNOTAVAIL ? "address-not-local" : "internal", what);
}
