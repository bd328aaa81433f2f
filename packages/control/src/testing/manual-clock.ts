import type { Clock } from "@warren/common/runtime/clock.ts";

interface Timer {
  readonly dueMs: number;
  readonly fn: () => void;
}

/** A clock that only a test moves. */
export class ManualClock implements Clock {
  #elapsedMs = 0;
  #wallOffsetMs: number;
  readonly #timers = new Set<Timer>();

  constructor(startMs = Date.parse("2026-01-01T00:00:00Z")) {
    this.#wallOffsetMs = startMs;
  }

  nowMs(): number {
    return this.#wallOffsetMs + this.#elapsedMs;
  }

  monotonicMs(): number {
    return this.#elapsedMs;
  }

  after(delayMs: number, fn: () => void): () => void {
    const timer = { dueMs: this.#elapsedMs + delayMs, fn };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }

  /** Number of timers that are pending; none may be left by a component that was stopped. */
  get pending(): number {
    return this.#timers.size;
  }

  /** Lets the time pass, running timers in order; promises they settle get their turn between two timers. */
  async advance(byMs: number): Promise<void> {
    const untilMs = this.#elapsedMs + byMs;
    for (;;) {
      let next: Timer | undefined;
      for (const timer of this.#timers) {
        if (timer.dueMs <= untilMs && (!next || timer.dueMs < next.dueMs)) next = timer;
      }
      if (!next) break;
      this.#timers.delete(next);
      this.#elapsedMs = Math.max(this.#elapsedMs, next.dueMs);
      next.fn();
      await settle();
    }
    this.#elapsedMs = untilMs;
    await settle();
  }

  /** Steps the wall clock, as NTP does; time that never goes back is not touched. */
  stepWall(byMs: number): void {
    this.#wallOffsetMs += byMs;
  }
}

/** One turn of the event loop: every promise that can settle has. */
function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
