/**
 * Initiations a second. One and its response cost 1.2 ms of this thread, measured on two busy cores: a third of it, and a
 * thousand peers take 3.3 s.
 */
const PER_SECOND = 300;

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
