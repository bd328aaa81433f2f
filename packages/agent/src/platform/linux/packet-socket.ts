import { WarrenError } from "@warren/common/errors/warren-error.ts";
import { ERRNO, errnoName } from "./errno.ts";
import { type Libc, nativeAddress } from "./libc.ts";
import { SO_RCVBUF, SO_RCVBUFFORCE, SOCK_CLOEXEC, SOCK_DGRAM, SOCK_NONBLOCK, SOL_SOCKET } from "./socket-options.ts";

// include/linux/socket.h, uapi/linux/if_ether.h, uapi/linux/if_packet.h
const AF_PACKET = 17;
const ETH_P_ALL = 0x0003;

/** What arrives while the main thread does something else, for some tens of milliseconds. */
const RECEIVE_BUFFER = 16 << 20;
/** The longest IP packet, and longest super-packet of UDP. */
const MAX_PACKET = 65_536;

export interface PacketSocket {
  /**
   * The next packet that left or reached the interface, from its network header on; null when there is none now. Lent until
   * the next call.
   */
  next(): Uint8Array | null;
  close(): void;
}

/**
 * A packet socket without link-layer headers (packet(7), "cooked") on one interface of this namespace.
 * @throws `capability-missing`, `not-found`
 */
export function openPacketSocket(libc: Libc, interfaceName: string): PacketSocket {
  const memory = new Uint8Array(MAX_PACKET);
  const at = nativeAddress(memory);
  memory.set(Buffer.from(`${interfaceName}\0`));
  const index = libc.if_nametoindex(at);
  if (index === 0) throw new WarrenError("not-found", `there is no interface ${interfaceName} on this host`);
  // Protocol 0 receives nothing: not before it is bound to the one interface.
  const fd = libc.socket(AF_PACKET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) {
    const errno = libc.errno();
    if (errno === ERRNO.EPERM || errno === ERRNO.EACCES)
      throw new WarrenError(
        "capability-missing",
        `the packets on ${interfaceName} cannot be looked at: this agent lacks CAP_NET_RAW; give it that capability`,
      );
    throw new WarrenError("internal", `no packet socket: ${errnoName(errno)}`);
  }
  const view = new DataView(memory.buffer);
  view.setInt32(0, RECEIVE_BUFFER, true);
  // The forced form passes net.core.rmem_max, and needs CAP_NET_ADMIN.
  if (libc.setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, at, 4) !== 0) libc.setsockopt(fd, SOL_SOCKET, SO_RCVBUF, at, 4);
  // struct sockaddr_ll: family 2, protocol 2 (network order), index 4, and 12 bytes that a bind does not look at
  memory.fill(0, 0, 20);
  view.setUint16(0, AF_PACKET, true);
  view.setUint16(2, ETH_P_ALL);
  view.setInt32(4, index, true);
  if (libc.bind(fd, at, 20) !== 0) {
    const why = errnoName(libc.errno());
    libc.close(fd);
    throw new WarrenError("internal", `the packet socket cannot be bound to ${interfaceName}: ${why}`);
  }
  return {
    next() {
      // A network that is down is an error once, and none after.
      const length = libc.read(fd, at, MAX_PACKET);
      return length > 0 ? memory.subarray(0, length) : null;
    },
    close: () => void libc.close(fd),
  };
}
