import type { Clock } from "@warren/common/runtime/clock.ts";

/** Time that jumps to the next timer whenever nothing else is left to do: minutes of waiting take no time. */
export class AutoClock implements Clock {
  #nowMs = 0;
  readonly #timers = new Map<symbol, { readonly dueMs: number; readonly fn: () => void }>();

  nowMs(): number {
    return Date.parse("2026-01-01T00:00:00Z") + this.#nowMs;
  }

  monotonicMs(): number {
    return this.#nowMs;
  }

  after(delayMs: number, fn: () => void): () => void {
    const key = Symbol();
    this.#timers.set(key, { dueMs: this.#nowMs + delayMs, fn });
    // An immediate runs once all promises that can go on have done so.
    setImmediate(() => this.#runNext());
    return () => this.#timers.delete(key);
  }

  #runNext(): void {
    const next = [...this.#timers].sort(([, a], [, b]) => a.dueMs - b.dueMs)[0];
    if (next === undefined) return;
    const [key, { dueMs, fn }] = next;
    this.#timers.delete(key);
    this.#nowMs = Math.max(this.#nowMs, dueMs);
    fn();
  }
}
