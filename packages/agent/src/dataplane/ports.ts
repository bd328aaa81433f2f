/**
 * What the packet path asks of the outside: two devices that move bytes between an arena and the world. Both are
 * non-blocking and never throw. Every result below zero is `-errno`, as the kernel numbers them.
 *
 * Implemented by platform/linux and platform/memory; `platform/testing` has the suites both pass.
 */
export interface TunPort {
  /**
   * Reads one packet to `offset`: a virtio_net_hdr (10 bytes), then the IP packet, which may be a super-packet.
   *
   * @returns bytes read, header included, or `-errno`; `WOULD_BLOCK` when there is none
   */
  read(offset: number, capacity: number): number;
  /**
   * Writes one packet, virtio_net_hdr first, gathered from `count` iovecs (8 bytes native address, 8 bytes length) that
   * start at `iovec`.
   *
   * @returns bytes written, or `-errno`; the device takes a packet whole or not at all
   */
  write(iovec: number, count: number): number;
}

export interface UdpPort {
  /** Where `receive` puts the sender's socket address. */
  readonly nameOffset: number;
  /** After `receive`: size of each datagram but the last, when it brought several; 0 when it brought one. */
  readonly segmentSize: number;
  /**
   * Sends `length` bytes from `offset` to the socket address at `name`: as datagrams of `segmentSize` bytes, the last
   * may be shorter, or as one when it is 0. May wait a few milliseconds for room.
   *
   * @returns `length`, or `-errno`, and then nothing was sent
   */
  send(name: number, nameLength: number, offset: number, length: number, segmentSize: number): number;
  /**
   * Receives to `offset` one datagram, or several of one sender that are equally long but for the last.
   *
   * @returns bytes received, or `-errno`; `WOULD_BLOCK` when there is nothing
   */
  receive(offset: number, capacity: number): number;
}

/** `-EAGAIN` */
export const WOULD_BLOCK = -11;

/** True when a send found no room, even after its wait: EAGAIN, ENOBUFS. */
export function isFull(result: number): boolean {
  return result === WOULD_BLOCK || result === -105;
}

/** True for an error after which the descriptor is of no more use: EBADF, EBADFD (the device was deleted). */
export function isFatal(result: number): boolean {
  return result === -9 || result === -77;
}

/** `-ENOTCONN` */
const NOT_OPEN = -107;

/** A socket that is not open: nothing comes, nothing leaves. */
export const CLOSED_UDP: UdpPort = {
  nameOffset: 0,
  segmentSize: 0,
  send: () => NOT_OPEN,
  receive: () => WOULD_BLOCK,
};
