import { SOCKADDR_BYTES, sockaddrLength } from "../../route/sockaddr.ts";
import { type Libc, nativeAddress } from "./libc.ts";

/** Longest message that is sent this way: of handshakes the longest has 148 bytes. */
const MAX_MESSAGE = 256;

// struct msghdr (56 bytes) at 0, its only iovec (16) at 64, the socket address at 80, the message at 128. See udp-port.ts.
const IOVEC = 64;
const NAME = 80;
const MESSAGE = 128;

/**
 * Sends single small datagrams from a thread that does not own the socket: the kernel takes them from any. One that finds
 * no room is lost, as any datagram may be.
 */
export function createDatagramSender(libc: Libc, fd: number): (to: Uint8Array, message: Uint8Array) => void {
  const memory = new Uint8Array(MESSAGE + MAX_MESSAGE);
  const at = nativeAddress(memory);
  const view = new DataView(memory.buffer);
  view.setBigUint64(0, BigInt(at + NAME), true);
  view.setBigUint64(16, BigInt(at + IOVEC), true);
  view.setBigUint64(24, 1n, true);
  view.setBigUint64(IOVEC, BigInt(at + MESSAGE), true);
  return (to, message) => {
    memory.set(to.subarray(0, SOCKADDR_BYTES), NAME);
    view.setUint32(8, sockaddrLength(to, 0), true);
    memory.set(message, MESSAGE);
    view.setBigUint64(IOVEC + 8, BigInt(message.length), true);
    libc.sendmsg(fd, at, 0);
  };
}
