import type { Clock } from "@warren/common/runtime/clock.ts";
import type { VirtualTime } from "./virtual-time.ts";

/** The wall clock of one machine, which may be wrong, and may be stepped. */
export class WallClock {
  /** How far it is ahead of the true time. */
  aheadMs = 0;
}

/**
 * A process of the simulated world: its clock, and its end. After `kill` it does nothing any more, as after `kill -9`:
 * timers do not fire, and whoever holds something for it (sockets, connections) hears of its end.
 */
export class SimProcess implements Clock {
  readonly #time: VirtualTime;
  readonly #wall: WallClock;
  readonly #timers = new Set<() => void>();
  readonly #onEnd = new Set<() => void>();
  alive = true;

  constructor(time: VirtualTime, wall: WallClock) {
    this.#time = time;
    this.#wall = wall;
  }

  nowMs(): number {
    return this.#time.nowMs() + this.#wall.aheadMs;
  }

  monotonicMs(): number {
    return this.#time.monotonicMs();
  }

  after(delayMs: number, fn: () => void): () => void {
    if (!this.alive) return () => {};
    const cancel = (): void => {
      this.#timers.delete(cancel);
      stop();
    };
    const stop = this.#time.after(delayMs, () => {
      this.#timers.delete(cancel);
      fn();
    });
    this.#timers.add(cancel);
    return cancel;
  }

  /** Timers that would still fire; a component that was stopped leaves none. */
  get pendingTimers(): number {
    return this.#timers.size;
  }

  /** Has `fn` called when the process is killed; the returned function takes that back. */
  onEnd(fn: () => void): () => void {
    this.#onEnd.add(fn);
    return () => this.#onEnd.delete(fn);
  }

  kill(): void {
    if (!this.alive) return;
    this.alive = false;
    for (const cancel of [...this.#timers]) cancel();
    for (const fn of [...this.#onEnd]) fn();
    this.#onEnd.clear();
  }
}
