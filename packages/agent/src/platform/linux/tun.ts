import { WarrenError } from "@warren/common/errors/warren-error.ts";
import type { Arena } from "../../dataplane/arena.ts";
import type { TunPort } from "../../dataplane/ports.ts";
import { ERRNO, errnoName } from "./errno.ts";
import { type Libc, nativeAddress } from "./libc.ts";

const O_RDWR = 2;
const O_NONBLOCK = 0o4000;
const O_CLOEXEC = 0o2000000;

// linux/if_tun.h
const TUNSETIFF = 0x400454ca;
const TUNSETOFFLOAD = 0x400454d0;
const IFF_TUN = 0x0001;
const IFF_NO_PI = 0x1000;
const IFF_VNET_HDR = 0x4000;
const TUN_F_CSUM = 0x01;
const TUN_F_TSO = 0x02 | 0x04 | 0x08; // IPv4, IPv6, with ECN
const TUN_F_USO = 0x20 | 0x40; // IPv4, IPv6; since Linux 6.2
const IFNAMSIZ = 16;
const IFREQ_BYTES = 40;

export interface TunHandle {
  readonly fd: number;
  /** The kernel hands over and takes TCP super-packets. */
  readonly tso: boolean;
  /** The same for UDP. */
  readonly uso: boolean;
}

/**
 * Makes the TUN device and attaches to it, with the best offloads this kernel has. The device lives as long as the
 * descriptor.
 *
 * @throws `tun-missing` when /dev/net/tun is absent or closed to us, `not-root` without CAP_NET_ADMIN, `already-exists`
 * when another process holds the name.
 */
export function openTun(libc: Libc, name: string): TunHandle {
  const path = new TextEncoder().encode(`/dev/net/tun${"\0".repeat(128)}`);
  const fd = libc.open(nativeAddress(path), O_RDWR | O_NONBLOCK | O_CLOEXEC);
  if (fd < 0) {
    const errno = libc.errno();
    throw new WarrenError(
      "tun-missing",
      `cannot open /dev/net/tun (${errnoName(errno)}): ` +
        (errno === ERRNO.EACCES || errno === ERRNO.EPERM
          ? "run as root; in a container, pass --device /dev/net/tun --cap-add NET_ADMIN"
          : "load the module with `modprobe tun`, or pass --device /dev/net/tun to the container"),
    );
  }
  const request = new Uint8Array(128);
  request.set(new TextEncoder().encode(name).subarray(0, IFNAMSIZ - 1));
  new DataView(request.buffer).setUint16(IFNAMSIZ, IFF_TUN | IFF_NO_PI | IFF_VNET_HDR, true);
  if (libc.ioctl(fd, TUNSETIFF, nativeAddress(request.subarray(0, IFREQ_BYTES))) < 0) {
    const errno = libc.errno();
    libc.close(fd);
    throw attachError(name, errno);
  }
  const uso = libc.ioctl(fd, TUNSETOFFLOAD, TUN_F_CSUM | TUN_F_TSO | TUN_F_USO) === 0;
  const tso = uso || libc.ioctl(fd, TUNSETOFFLOAD, TUN_F_CSUM | TUN_F_TSO) === 0;
  if (!tso) libc.ioctl(fd, TUNSETOFFLOAD, 0);
  return { fd, tso, uso };
}

function attachError(name: string, errno: number): WarrenError {
  if (errno === ERRNO.EPERM) {
    return new WarrenError("not-root", `making the TUN device ${name} needs root (CAP_NET_ADMIN)`);
  }
  if (errno === ERRNO.EBUSY) {
    return new WarrenError(
      "already-exists",
      `the TUN device ${name} is held by another process, an agent most likely; stop it, or run this one in a network namespace of its own`,
    );
  }
  return new WarrenError(
    "tun-missing",
    `the kernel refused the TUN device ${name} (${errnoName(errno)}): a network interface of another kind may have the name`,
  );
}

/** The TUN device as the packet path sees it. All offsets are into `arena`. */
export function createTunPort(libc: Libc, arena: Arena, fd: number): TunPort {
  const base = nativeAddress(arena.bytes);
  const { read, writev, errno } = libc;
  return {
    read(offset, capacity) {
      const length = read(fd, base + offset, capacity);
      return length < 0 ? -errno() : length;
    },
    write(iovec, count) {
      const length = writev(fd, base + iovec, count);
      return length < 0 ? -errno() : length;
    },
  };
}
