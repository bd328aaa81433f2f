/** Most packets of one peer that wait for a session (WireGuard's MaxStagedPackets is 128 too). */
export const BACKLOG_PER_PEER = 128;
/** Most packets that wait in all, so that a thousand silent peers do not cost 200 MB. */
export const BACKLOG_CELLS = 2_048;

const NONE = -1;

/**
 * Packets that wait for a session with their peer: for each peer a queue of bounded length, its oldest dropped for a
 * newer one. All queues share the cells of one memory, which is allocated with the first packet that has to wait. When
 * there is no free cell, a peer gives up the oldest of its own; for one without any, another gives up its oldest, the
 * sooner the more it has. So a few silent peers do not take the place of all others, and what was added always waits:
 * whoever asks for a session with the first packet of a peer asks once.
 */
export class Backlog {
  readonly #cellBytes: number;
  #memory: Uint8Array | null = null;
  readonly #next = new Int32Array(BACKLOG_CELLS);
  readonly #length = new Int32Array(BACKLOG_CELLS);
  /** By cell in use: whose packet it has. */
  readonly #owner = new Int32Array(BACKLOG_CELLS);
  /** The cell whose owner has to give up one next. */
  #hand = 0;
  #free = NONE;
  /** By slot: first and last cell, and how many. */
  readonly #first: Int32Array;
  readonly #last: Int32Array;
  readonly #count: Int32Array;

  /**
   * @param slots how many peers there can be
   * @param cellBytes longest packet that can wait
   */
  constructor(slots: number, cellBytes: number) {
    this.#cellBytes = cellBytes;
    this.#first = new Int32Array(slots).fill(NONE);
    this.#last = new Int32Array(slots).fill(NONE);
    this.#count = new Int32Array(slots);
  }

  /** How many packets of the peer wait. */
  waiting(slot: number): number {
    return this.#count[slot]!;
  }

  /** Copies a packet to the end of the queue. @returns number of packets that were dropped for it, 0 or 1 */
  add(slot: number, bytes: Uint8Array, at: number, length: number): number {
    if (length > this.#cellBytes) return 1;
    const memory = this.#memory ?? this.#allocate();
    let dropped = 0;
    if (this.#count[slot]! >= BACKLOG_PER_PEER || this.#free === NONE) {
      this.#release(this.#count[slot]! > 0 ? slot : this.#nextToGive());
      dropped = 1;
    }
    const cell = this.#free;
    this.#free = this.#next[cell]!;
    memory.set(bytes.subarray(at, at + length), cell * this.#cellBytes);
    this.#length[cell] = length;
    this.#owner[cell] = slot;
    this.#next[cell] = NONE;
    if (this.#count[slot] === 0) this.#first[slot] = cell;
    else this.#next[this.#last[slot]!] = cell;
    this.#last[slot] = cell;
    this.#count[slot]!++;
    return dropped;
  }

  /** Takes the oldest packet to `at`. @returns its length, or 0 when none waits */
  take(slot: number, bytes: Uint8Array, at: number): number {
    if (this.#count[slot] === 0) return 0;
    const cell = this.#first[slot]!;
    const length = this.#length[cell]!;
    bytes.set(this.#memory!.subarray(cell * this.#cellBytes, cell * this.#cellBytes + length), at);
    this.#release(slot);
    return length;
  }

  /** Drops all packets of the peer. @returns how many */
  clear(slot: number): number {
    const count = this.#count[slot]!;
    while (this.#count[slot]! > 0) this.#release(slot);
    return count;
  }

  /** Only while no cell is free: each has an owner then. */
  #nextToGive(): number {
    this.#hand = (this.#hand + 1) % BACKLOG_CELLS;
    return this.#owner[this.#hand]!;
  }

  #release(slot: number): void {
    const cell = this.#first[slot]!;
    this.#first[slot] = this.#next[cell]!;
    this.#count[slot]!--;
    // What waited was not sealed yet.
    this.#memory!.fill(0, cell * this.#cellBytes, cell * this.#cellBytes + this.#length[cell]!);
    this.#next[cell] = this.#free;
    this.#free = cell;
  }

  #allocate(): Uint8Array {
    const memory = new Uint8Array(BACKLOG_CELLS * this.#cellBytes);
    for (let i = 0; i < BACKLOG_CELLS; i++) this.#next[i] = i + 1 < BACKLOG_CELLS ? i + 1 : NONE;
    this.#free = 0;
    this.#memory = memory;
    return memory;
  }
}
