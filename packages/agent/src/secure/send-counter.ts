import { REJECT_AFTER_HIGH, REJECT_AFTER_LOW } from "./replay-window.ts";

const TWO_32 = 2 ** 32;

/** REKEY_AFTER_MESSAGES = 2^60 (WireGuard paper §6.1), as the high word. */
const REKEY_AFTER_HIGH = 2 ** 28;

/**
 * The counter of one sending key: 64 bits as two unsigned 32-bit numbers. It only ever grows, and what was drawn is not
 * given back: a number twice with one key is the end of that key's secrecy.
 */
export class SendCounter {
  /** Low and high word of the next number. */
  readonly #next: Uint32Array;

  /** A key that is not new does not exist outside of tests: sessions are never restored. */
  constructor(low = 0, high = 0) {
    this.#next = Uint32Array.of(low, high);
  }

  get low(): number {
    return this.#next[0]!;
  }

  get high(): number {
    return this.#next[1]!;
  }

  /** True from 2^60 messages on: the session is due for a rekey. */
  get isWorn(): boolean {
    return this.high >= REKEY_AFTER_HIGH;
  }

  /** True at REJECT_AFTER_MESSAGES: nothing can be drawn any more. */
  get isSpent(): boolean {
    return this.high === REJECT_AFTER_HIGH && this.low >= REJECT_AFTER_LOW;
  }

  /** Draws up to `count` numbers, the first of which is (`low`, `high`) as they were before. @returns how many there were */
  draw(count: number): number {
    const drawn = this.high === REJECT_AFTER_HIGH ? Math.min(count, Math.max(REJECT_AFTER_LOW - this.low, 0)) : count;
    const sum = this.low + drawn;
    this.#next[0] = sum;
    if (sum >= TWO_32) this.#next[1] = this.high + 1;
    return drawn;
  }
}
