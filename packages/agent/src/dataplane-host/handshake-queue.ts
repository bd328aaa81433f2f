/** Most handshake messages that wait for the thread that does handshakes: 100 ms of its time. */
export const MAX_WAITING = 512;

const ENTERED = 0;
const LEFT = 1;

/**
 * Counts the handshake messages on their way from workers to the thread that does handshakes: what is posted to a port
 * waits without bound, and anybody can send a handshake message.
 */
export class HandshakeQueue {
  readonly #counts: Int32Array;

  constructor(memory: SharedArrayBuffer) {
    this.#counts = new Int32Array(memory);
  }

  static memory(): SharedArrayBuffer {
    return new SharedArrayBuffer(2 * Int32Array.BYTES_PER_ELEMENT);
  }

  /** One more is handed on. False when too many wait. */
  enter(): boolean {
    // Differences stay right when the counts wrap.
    if (((Atomics.load(this.#counts, ENTERED) - Atomics.load(this.#counts, LEFT)) | 0) >= MAX_WAITING) return false;
    Atomics.add(this.#counts, ENTERED, 1);
    return true;
  }

  /** One was worked on. */
  leave(): void {
    Atomics.add(this.#counts, LEFT, 1);
  }
}
