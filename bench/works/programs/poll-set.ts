import koffi from "koffi";

export const READABLE = 1;
export const WRITABLE = 4;

/** Offsets in `struct pollfd`, whose length is 8. */
const POLLFD = { fd: 0, events: 4, revents: 6, length: 8 } as const;

const poll = koffi.load(null).func("int poll(void *fds, uint64_t count, int timeoutMs)");

/** Sockets that something is expected of, at most `capacity`. A socket keeps its slot until it is removed. */
export class PollSet {
  readonly #fds: Buffer;
  readonly #capacity: number;

  constructor(capacity: number) {
    this.#capacity = capacity;
    // A slot with a negative number is passed over by the kernel.
    this.#fds = Buffer.alloc(capacity * POLLFD.length);
    for (let slot = 0; slot < capacity; slot++) this.remove(slot);
  }

  /** Puts a socket into a slot, or changes what is expected of the one in it. */
  set(slot: number, fd: number, events: number): void {
    const at = slot * POLLFD.length;
    this.#fds.writeInt32LE(fd, at + POLLFD.fd);
    this.#fds.writeInt16LE(events, at + POLLFD.events);
    // What happened to the former socket of the slot did not happen to this one.
    this.#fds.writeInt16LE(0, at + POLLFD.revents);
  }

  remove(slot: number): void {
    this.set(slot, -1, 0);
  }

  fd(slot: number): number {
    return this.#fds.readInt32LE(slot * POLLFD.length + POLLFD.fd);
  }

  /** First slot without a socket. */
  free(): number {
    for (let slot = 0; slot < this.#capacity; slot++) if (this.fd(slot) < 0) return slot;
    throw new Error(`all ${this.#capacity} slots are in use`);
  }

  /** Waits until something happened, `timeoutMs` at most, and calls `each` with every slot where it did. */
  wait(timeoutMs: number, each: (slot: number, fd: number) => void): void {
    poll(this.#fds, this.#capacity, timeoutMs);
    for (let slot = 0; slot < this.#capacity; slot++) {
      const fd = this.fd(slot);
      if (fd >= 0 && this.#fds.readInt16LE(slot * POLLFD.length + POLLFD.revents) !== 0) each(slot, fd);
    }
  }
}
