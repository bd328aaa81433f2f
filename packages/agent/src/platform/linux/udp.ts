import { WarrenError } from "@warren/common/errors/warren-error.ts";
import type { IpAddress } from "@warren/common/net/address.ts";
import { formatAddress } from "@warren/common/net/address.ts";
import { formatEndpoint } from "@warren/common/net/endpoint.ts";
import { AF_INET, AF_INET6, encodeSockaddr, SOCKADDR_BYTES } from "../../route/sockaddr.ts";
import { ERRNO, errnoName } from "./errno.ts";
import { type Libc, nativeAddress } from "./libc.ts";
import {
  IP_MTU_DISCOVER,
  IPPROTO_IP,
  IPPROTO_IPV6,
  IPV6_MTU_DISCOVER,
  IPV6_V6ONLY,
  PMTUDISC_DO,
  SO_RCVBUF,
  SO_RCVBUFFORCE,
  SO_SNDBUF,
  SO_SNDBUFFORCE,
  SOCK_CLOEXEC,
  SOCK_DGRAM,
  SOCK_NONBLOCK,
  SOL_SOCKET,
  SOL_UDP,
  UDP_GRO,
  UDP_SEGMENT,
} from "./socket-options.ts";

/**
 * Room for what arrives while the worker is busy or not scheduled: 10 ms at 5 Gbit/s. Kernel memory, used only when
 * needed.
 */
const SOCKET_BUFFER = 8 << 20;
/** UDP_MAX_SEGMENTS of the kernels that have `UDP_SEGMENT` at all, and of the newer ones. */
const SEGMENTS_OLD = 64;
const SEGMENTS_NEW = 128;

export interface UdpHandle {
  readonly fd: number;
  /** The kernel cuts one send into datagrams. */
  readonly segment: boolean;
  /** The kernel joins datagrams of one sender on receive. */
  readonly gro: boolean;
  /** Most datagrams of one send; 1 without `segment`. */
  readonly maxSegments: number;
  /** The port in use, which is the one asked for unless that was 0. */
  readonly port: number;
}

/**
 * A UDP socket bound to the underlay address, with the best offloads this kernel has.
 *
 * @throws `port-in-use`, `address-not-local`, or `not-root` for a privileged port.
 */
export function openUdp(libc: Libc, address: IpAddress, port: number): UdpHandle {
  const domain = address.family === 4 ? AF_INET : AF_INET6;
  const fd = libc.socket(domain, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) throw new WarrenError("internal", `no UDP socket: ${errnoName(libc.errno())}`);
  if (address.family === 6) {
    setOption(libc, fd, IPPROTO_IPV6, IPV6_V6ONLY, 1);
    setOption(libc, fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER, PMTUDISC_DO);
  } else {
    setOption(libc, fd, IPPROTO_IP, IP_MTU_DISCOVER, PMTUDISC_DO);
  }
  // The forced form passes net.core.[rw]mem_max, and needs CAP_NET_ADMIN.
  if (!setOption(libc, fd, SOL_SOCKET, SO_RCVBUFFORCE, SOCKET_BUFFER)) {
    setOption(libc, fd, SOL_SOCKET, SO_RCVBUF, SOCKET_BUFFER);
  }
  if (!setOption(libc, fd, SOL_SOCKET, SO_SNDBUFFORCE, SOCKET_BUFFER)) {
    setOption(libc, fd, SOL_SOCKET, SO_SNDBUF, SOCKET_BUFFER);
  }
  const name = new Uint8Array(128);
  const nameLength = encodeSockaddr(name, 0, address, port);
  if (libc.bind(fd, nativeAddress(name), nameLength) < 0) {
    const errno = libc.errno();
    libc.close(fd);
    throw bindError(address, port, errno);
  }
  const segment = setOption(libc, fd, SOL_UDP, UDP_SEGMENT, 0);
  const gro = setOption(libc, fd, SOL_UDP, UDP_GRO, 1);
  const maxSegments = segment ? probeSegments(libc, domain, address) : 1;
  return { fd, segment, gro, maxSegments, port: boundPort(libc, fd) };
}

function setOption(libc: Libc, fd: number, level: number, option: number, value: number): boolean {
  const bytes = new Uint8Array(128);
  new DataView(bytes.buffer).setInt32(0, value, true);
  return libc.setsockopt(fd, level, option, nativeAddress(bytes), 4) === 0;
}

function bindError(address: IpAddress, port: number, errno: number): WarrenError {
  const endpoint = formatEndpoint({ host: formatAddress(address), port });
  if (errno === ERRNO.EADDRINUSE) {
    return new WarrenError(
      "port-in-use",
      `UDP ${endpoint} is in use: stop the other VXLAN user (\`ss -lunp\` names it), or choose another --port for the cluster`,
    );
  }
  if (errno === ERRNO.EADDRNOTAVAIL) {
    return new WarrenError(
      "address-not-local",
      `the underlay address ${formatAddress(address)} is on no interface of this host: \`ip addr\` lists those that are`,
    );
  }
  if (errno === ERRNO.EACCES) return new WarrenError("not-root", `binding UDP ${endpoint} needs root`);
  return new WarrenError("internal", `binding UDP ${endpoint} failed: ${errnoName(errno)}`);
}

function boundPort(libc: Libc, fd: number): number {
  const name = new Uint8Array(128);
  const length = new Uint8Array(128);
  length[0] = SOCKADDR_BYTES;
  libc.getsockname(fd, nativeAddress(name), nativeAddress(length));
  return (name[2]! << 8) | name[3]!;
}

/** Sends as many one-byte datagrams as newer kernels allow, from a socket of its own to itself. */
function probeSegments(libc: Libc, domain: number, address: IpAddress): number {
  const fd = libc.socket(domain, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return SEGMENTS_OLD;
  const memory = new Uint8Array(512);
  const at = nativeAddress(memory);
  const nameLength = encodeSockaddr(memory, 0, address, 0);
  let result = SEGMENTS_OLD;
  if (libc.bind(fd, at, nameLength) === 0 && setOption(libc, fd, SOL_UDP, UDP_SEGMENT, 1)) {
    const length = new Uint8Array(128);
    length[0] = nameLength;
    libc.getsockname(fd, at, nativeAddress(length));
    // struct msghdr at 64, its only iovec at 128, the payload at 256
    const view = new DataView(memory.buffer);
    view.setBigUint64(64, BigInt(at), true);
    view.setUint32(72, nameLength, true);
    view.setBigUint64(80, BigInt(at + 128), true);
    view.setBigUint64(88, 1n, true);
    view.setBigUint64(128, BigInt(at + 256), true);
    view.setBigUint64(136, BigInt(SEGMENTS_NEW), true);
    if (libc.sendmsg(fd, at + 64, 0) === SEGMENTS_NEW) result = SEGMENTS_NEW;
  }
  libc.close(fd);
  return result;
}
