import type { Arena } from "../../dataplane/arena.ts";
import type { UdpPort } from "../../dataplane/ports.ts";
import { SOCKADDR_BYTES } from "../../route/sockaddr.ts";
import { ERRNO } from "./errno.ts";
import { type Libc, nativeAddress } from "./libc.ts";
import { SOL_UDP, UDP_GRO, UDP_SEGMENT } from "./socket-options.ts";

const POLLOUT = 4;

/** How long a send waits for room in the socket's buffer before the datagrams are dropped. */
const SEND_WAIT_MS = 5;

// struct msghdr and its parts, twice, in the memory of a UdpPort:
//
//   send  0 msghdr (56)   64 iovec (16)   80 cmsg (24)   104 pollfd (8)
//   recv 128 msghdr (56) 192 iovec (16)  208 cmsg (32)
//
// msghdr: 0 name, 8 name length (u32), 16 iovec, 24 iovec count, 32 control, 40 control length, 48 flags
// cmsghdr: 0 length (u64), 8 level, 12 type, 16 data
const SEND = 0;
const SEND_IOVEC = 64;
const SEND_CONTROL = 80;
const SEND_CONTROL_BYTES = 24;
const SEND_POLL = 104;
const RECEIVE = 128;
const RECEIVE_IOVEC = 192;
const RECEIVE_CONTROL = 208;
const RECEIVE_CONTROL_BYTES = 32;
const MEMORY_BYTES = 512;

/**
 * The underlay socket as the packet path sees it. Payloads and addresses lie in `arena`; the message headers lie in
 * memory of the port and are filled once, so that a call writes only what changes.
 */
export function createUdpPort(libc: Libc, arena: Arena, fd: number, nameOffset: number): UdpPort {
  const { sendmsg, recvmsg, errno } = libc;
  const base = nativeAddress(arena.bytes);
  const memory = new Uint8Array(MEMORY_BYTES);
  const at = nativeAddress(memory);
  const view = new DataView(memory.buffer);
  const setPointer = (offset: number, value: number) => view.setBigUint64(offset, BigInt(value), true);

  setPointer(SEND + 16, at + SEND_IOVEC);
  setPointer(SEND + 24, 1);
  setPointer(SEND + 32, at + SEND_CONTROL);
  setPointer(SEND_CONTROL, 18);
  view.setInt32(SEND_CONTROL + 8, SOL_UDP, true);
  view.setInt32(SEND_CONTROL + 12, UDP_SEGMENT, true);
  view.setInt32(SEND_POLL, fd, true);
  view.setInt16(SEND_POLL + 4, POLLOUT, true);

  setPointer(RECEIVE, base + nameOffset);
  setPointer(RECEIVE + 16, at + RECEIVE_IOVEC);
  setPointer(RECEIVE + 24, 1);
  setPointer(RECEIVE + 32, at + RECEIVE_CONTROL);

  // The low and high word of an address that changes with every call: no BigInt on the path.
  const setAddress = (offset: number, value: number) => {
    view.setUint32(offset, value % 0x1_0000_0000, true);
    view.setUint32(offset + 4, value / 0x1_0000_0000, true);
  };

  const port = {
    nameOffset,
    segmentSize: 0,

    send(name: number, nameLength: number, offset: number, length: number, segmentSize: number): number {
      setAddress(SEND, base + name);
      view.setUint32(SEND + 8, nameLength, true);
      setAddress(SEND_IOVEC, base + offset);
      view.setUint32(SEND_IOVEC + 8, length, true);
      view.setUint32(SEND + 40, segmentSize ? SEND_CONTROL_BYTES : 0, true);
      view.setUint16(SEND_CONTROL + 16, segmentSize, true);
      if (sendmsg(fd, at + SEND, 0) >= 0) return length;
      let error = errno();
      if (error === ERRNO.EAGAIN || error === ERRNO.ENOBUFS) {
        libc.poll(at + SEND_POLL, 1, SEND_WAIT_MS);
        if (sendmsg(fd, at + SEND, 0) >= 0) return length;
        error = errno();
      }
      return -error;
    },

    receive(offset: number, capacity: number): number {
      setAddress(RECEIVE_IOVEC, base + offset);
      view.setUint32(RECEIVE_IOVEC + 8, capacity, true);
      // The kernel overwrites both lengths, and leaves the old control data where there is none.
      view.setUint32(RECEIVE + 8, SOCKADDR_BYTES, true);
      view.setUint32(RECEIVE + 40, RECEIVE_CONTROL_BYTES, true);
      const length = recvmsg(fd, at + RECEIVE, 0);
      if (length < 0) return -errno();
      port.segmentSize =
        view.getUint32(RECEIVE + 40, true) >= 20 &&
        view.getInt32(RECEIVE_CONTROL + 8, true) === SOL_UDP &&
        view.getInt32(RECEIVE_CONTROL + 12, true) === UDP_GRO
          ? view.getInt32(RECEIVE_CONTROL + 16, true)
          : 0;
      return length;
    },
  };
  return port;
}
