import type { Clock } from "@warren/common/runtime/clock.ts";

/** A clock that stands still until it is told to go on. */
export class StepClock implements Clock {
  #nowMs = 0;
  #timers: { readonly atMs: number; readonly order: number; readonly fn: () => void }[] = [];
  #order = 0;

  nowMs(): number {
    return this.#nowMs;
  }

  monotonicMs(): number {
    return this.#nowMs;
  }

  after(delayMs: number, fn: () => void): () => void {
    const timer = { atMs: this.#nowMs + delayMs, order: this.#order++, fn };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer);
    };
  }

  /** Goes on by `ms` and calls what falls due, in order, also what those calls start. */
  advance(ms: number): void {
    const endMs = this.#nowMs + ms;
    for (;;) {
      this.#timers.sort((a, b) => a.atMs - b.atMs || a.order - b.order);
      const next = this.#timers[0];
      if (!next || next.atMs > endMs) break;
      this.#timers.shift();
      this.#nowMs = Math.max(this.#nowMs, next.atMs);
      next.fn();
    }
    this.#nowMs = endMs;
  }
}
