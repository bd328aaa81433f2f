/** Initiations a second: one costs about 0.3 ms, and so never more than half of the thread. 1,000 peers take 0.6 s. */
const PER_SECOND = 1_600;

/**
 * Hands out turns, so that a thousand peers that are wanted at once, after a restart or a change of the cipher, do not
 * hold up everything else. Who is alone has its turn at once.
 */
export class InitiationPacer {
  #freeMs = Number.NEGATIVE_INFINITY;

  /** The moment of the next free turn, which is now taken. */
  reserve(nowMs: number): number {
    const turnMs = Math.max(this.#freeMs, nowMs);
    this.#freeMs = turnMs + 1000 / PER_SECOND;
    return turnMs;
  }
}
