import { WarrenError } from "@warren/common/errors/warren-error.ts";
import type { IpAddress } from "@warren/common/net/address.ts";
import { ICMP_ECHO_REPLY } from "@warren/common/wire/icmp.ts";
import { ICMPV6_ECHO_REPLY } from "@warren/common/wire/icmpv6.ts";
import { AF_INET, AF_INET6, encodeSockaddr, SOCKADDR_BYTES, SOCKADDR_V4, SOCKADDR_V6 } from "../../route/sockaddr.ts";
import { ERRNO, errnoName } from "./errno.ts";
import { type Libc, nativeAddress } from "./libc.ts";
import { SOCK_CLOEXEC, SOCK_NONBLOCK, SOCK_RAW, SOL_SOCKET } from "./socket-options.ts";

// include/uapi/linux/{in,icmp,icmpv6,socket}.h, asm-generic/socket.h
const IPPROTO_ICMP = 1;
const IPPROTO_ICMPV6 = 58;
/** The kernel stamps what arrives; the same number names the stamp among the control data. */
const SO_TIMESTAMPNS = 35;
const SOL_RAW = 255;
const ICMP_FILTER = 1;
const ICMPV6_FILTER = 1;
const ICMPV6_FILTER_BYTES = 32;
const CLOCK_REALTIME = 0;

// Parts of one block of memory that a socket fills again for every call:
const NAME = 0;
const HEADER = 64; // struct msghdr: 0 name, 8 its length, 16 iovec, 24 count, 32 control, 40 its length
const IOVEC = 128;
const TIMESPEC = 160;
const CONTROL = 192; // struct cmsghdr: 0 length, 8 level, 12 type, 16 struct timespec
const CONTROL_BYTES = 64;
const PACKET = 256;
const PACKET_BYTES = 256;

export interface IcmpSocket {
  /** Sends one message. @returns when, in microseconds of the wall clock; null when it could not be sent. */
  send(to: IpAddress, message: Uint8Array): number | null;
  /** The next echo reply of those that came to this host, whoever asked; null when there is none. */
  receive(): ReceivedIcmp | null;
  close(): void;
}

export interface ReceivedIcmp {
  readonly from: IpAddress;
  /** When the kernel got it from the device, in microseconds of the wall clock. */
  readonly atUs: number;
  /** From the ICMP header on; its own copy. */
  readonly message: Uint8Array;
}

/**
 * A raw ICMP socket that takes echo replies only. It never blocks, and need not be read in time: the moment of arrival is
 * the kernel's, so what the caller is busy with meanwhile is not in a round trip.
 * @throws `not-root` without CAP_NET_RAW; `unavailable` where the host does not have that family
 */
export function openIcmpSocket(libc: Libc, family: 4 | 6): IcmpSocket {
  const [domain, protocol] = family === 4 ? [AF_INET, IPPROTO_ICMP] : [AF_INET6, IPPROTO_ICMPV6];
  const fd = libc.socket(domain, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, protocol);
  if (fd < 0) throw openError(family, libc.errno());
  const memory = new Uint8Array(PACKET + PACKET_BYTES);
  const at = nativeAddress(memory);
  const view = new DataView(memory.buffer);
  prepare(libc, fd, family, memory);
  const setPointer = (offset: number, value: number) => view.setBigUint64(offset, BigInt(value), true);
  setPointer(HEADER, at + NAME);
  setPointer(HEADER + 16, at + IOVEC);
  setPointer(HEADER + 24, 1);
  setPointer(IOVEC, at + PACKET);
  const readTime = (offset: number) => view.getUint32(offset, true) * 1e6 + view.getUint32(offset + 8, true) / 1e3;
  let isOpen = true;

  return {
    send(to, message) {
      if (!isOpen) return null;
      memory.set(message, PACKET);
      view.setUint32(HEADER + 8, encodeSockaddr(memory, NAME, to, 0), true);
      setPointer(HEADER + 32, 0);
      setPointer(HEADER + 40, 0);
      setPointer(IOVEC + 8, message.length);
      libc.clock_gettime(CLOCK_REALTIME, at + TIMESPEC);
      return libc.sendmsg(fd, at + HEADER, 0) === message.length ? readTime(TIMESPEC) : null;
    },

    receive() {
      for (;;) {
        if (!isOpen) return null;
        view.setUint32(HEADER + 8, SOCKADDR_BYTES, true);
        setPointer(HEADER + 32, at + CONTROL);
        setPointer(HEADER + 40, CONTROL_BYTES);
        setPointer(IOVEC + 8, PACKET_BYTES);
        const length = libc.recvmsg(fd, at + HEADER, 0);
        if (length < 0) return null;
        // IPv4 brings its header along (raw(7)), IPv6 does not (RFC 3542 §3).
        const header = family === 4 ? (memory[PACKET]! & 15) * 4 : 0;
        const isStamped =
          view.getUint32(HEADER + 40, true) >= 32 &&
          view.getInt32(CONTROL + 8, true) === SOL_SOCKET &&
          view.getInt32(CONTROL + 12, true) === SO_TIMESTAMPNS;
        if (length <= header || !isStamped) continue;
        const address = NAME + (family === 4 ? SOCKADDR_V4 : SOCKADDR_V6);
        return {
          from: { family, bytes: memory.slice(address, address + (family === 4 ? 4 : 16)) },
          atUs: readTime(CONTROL + 16),
          message: memory.slice(PACKET + header, PACKET + length),
        };
      }
    },

    close() {
      if (isOpen) libc.close(fd);
      isOpen = false;
    },
  };
}

/** Asks for stamps, and to be spared what is no echo reply: without the filter, errors of all the host's traffic come. */
function prepare(libc: Libc, fd: number, family: 4 | 6, memory: Uint8Array): void {
  const set = (level: number, option: number, length: number) => {
    if (libc.setsockopt(fd, level, option, nativeAddress(memory), length) === 0) return;
    const why = errnoName(libc.errno());
    libc.close(fd);
    throw new WarrenError("unavailable", `no ICMP socket: option ${option} of level ${level}: ${why}`);
  };
  memory[0] = 1;
  set(SOL_SOCKET, SO_TIMESTAMPNS, 4);
  // Both filters name what is not wanted: a set bit keeps that type out.
  memory.fill(0xff, 0, ICMPV6_FILTER_BYTES);
  if (family === 4) {
    memory[0] = ~(1 << ICMP_ECHO_REPLY);
    set(SOL_RAW, ICMP_FILTER, 4);
  } else {
    memory[ICMPV6_ECHO_REPLY >> 3] = ~(1 << (ICMPV6_ECHO_REPLY & 7));
    set(IPPROTO_ICMPV6, ICMPV6_FILTER, ICMPV6_FILTER_BYTES);
  }
}

function openError(family: 4 | 6, errno: number): WarrenError {
  if (errno === ERRNO.EPERM || errno === ERRNO.EACCES)
    return new WarrenError("not-root", "an ICMP socket needs CAP_NET_RAW, which this process does not have");
  return new WarrenError("unavailable", `no ICMP socket for IPv${family}: ${errnoName(errno)}`);
}
