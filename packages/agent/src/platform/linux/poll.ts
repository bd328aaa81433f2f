import { type Libc, nativeAddress } from "./libc.ts";

const POLLIN = 1;
const POLLFD_BYTES = 8;
const REVENTS = 6;

/**
 * Waits on a fixed set of descriptors until one can be read (or has an error, which the next read will tell).
 *
 *     struct pollfd { int fd; short events; short revents; }
 */
export class PollSet {
  readonly #libc: Libc;
  readonly #count: number;
  readonly #bytes: Uint8Array;
  readonly #at: number;

  constructor(libc: Libc, fds: readonly number[]) {
    this.#libc = libc;
    this.#count = fds.length;
    this.#bytes = new Uint8Array(Math.max(fds.length * POLLFD_BYTES, 128));
    const view = new DataView(this.#bytes.buffer);
    fds.forEach((fd, i) => {
      view.setInt32(i * POLLFD_BYTES, fd, true);
      view.setInt16(i * POLLFD_BYTES + 4, POLLIN, true);
    });
    this.#at = nativeAddress(this.#bytes);
  }

  /** Blocks the thread. @returns number of ready descriptors, 0 after `timeoutMs`, -1 after a signal. */
  wait(timeoutMs = -1): number {
    return this.#libc.poll(this.#at, this.#count, timeoutMs);
  }

  /** True when the last `wait` found something on the descriptor at `index`. */
  isReady(index: number): boolean {
    return this.#bytes[index * POLLFD_BYTES + REVENTS] !== 0;
  }
}
