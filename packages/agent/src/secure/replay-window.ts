/**
 * The anti-replay window of RFC 6479: a ring of bits that the greatest counter turns, so that nothing is ever shifted.
 * 8192 bits; WireGuard's 64 of them are always behind the greatest counter's word, which leaves a window of 8128.
 *
 * Counters are 64 bits as two unsigned 32-bit numbers, low and high. Nothing here throws or allocates.
 */
const RING_BITS = 8192;
const RING_WORDS = RING_BITS / 32;
const TWO_32 = 2 ** 32;

/** How far behind the greatest counter one may be: as in WireGuard, so that the two agree on every packet. */
export const REPLAY_WINDOW = RING_BITS - 64;

/**
 * REJECT_AFTER_MESSAGES = 2^64 - 2^13 - 1 (WireGuard paper §6.1): this counter, and any greater, is neither sent nor
 * taken.
 */
export const REJECT_AFTER_HIGH = 0xffff_ffff;
export const REJECT_AFTER_LOW = TWO_32 - 2 ** 13 - 1;

export class ReplayWindow {
  readonly #ring = new Uint32Array(RING_WORDS);
  /** Greatest counter accepted, low and high. Without one, everything of the ring is free: 0 stands for it. */
  readonly #greatest = new Uint32Array(2);
  #isEmpty = true;

  /** Whether the counter is new. Asked before authentication, which costs more; changes nothing. */
  mayAccept(low: number, high: number): boolean {
    if (high === REJECT_AFTER_HIGH && low >= REJECT_AFTER_LOW) return false;
    const behind = this.#behind(low, high);
    if (behind < 0) return true;
    if (behind > REPLAY_WINDOW) return false;
    return (this.#ring[wordOf(low)]! & (1 << (low & 31))) === 0;
  }

  /**
   * Marks as seen a counter that `mayAccept` let pass, once its message has proved authentic: a forged one must not turn
   * the ring.
   *
   * @returns by how many more counters have been passed over now: -1 for one that comes late
   */
  accept(low: number, high: number): number {
    const behind = this.#behind(low, high);
    if (behind < 0) {
      this.#turn(-behind);
      this.#greatest[0] = low;
      this.#greatest[1] = high;
    }
    this.#ring[wordOf(low)]! |= 1 << (low & 31);
    // As long as nothing was accepted, 0 is the greatest without having come.
    const isFirst = this.#isEmpty;
    this.#isEmpty = false;
    return behind < 0 ? -behind - 1 + Number(isFirst) : Number(isFirst) - 1;
  }

  /** Clears the words behind that of the greatest counter, up to that of one `ahead` of it; at most one whole turn. */
  #turn(ahead: number): void {
    const greatest = this.#greatest[0]!;
    const words = Math.min(Math.floor(((greatest & 31) + ahead) / 32), RING_WORDS);
    for (let i = 1; i <= words; i++) this.#ring[(wordOf(greatest) + i) & (RING_WORDS - 1)] = 0;
  }

  /** Exact where it matters: differences below 2^53. Greater ones have the right sign and are far outside the window. */
  #behind(low: number, high: number): number {
    return (this.#greatest[1]! - high) * TWO_32 + (this.#greatest[0]! - low);
  }
}

function wordOf(low: number): number {
  return (low >>> 5) & (RING_WORDS - 1);
}
