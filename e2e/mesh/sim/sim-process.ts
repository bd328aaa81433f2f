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
  /** What is due while the process, or its machine, stands still. */
  #due: (() => void)[] | null = null;
  /** How long `CLOCK_MONOTONIC` stood still. */
  #asleepMs = 0;
  #suspendedAtMs = 0;

  constructor(time: VirtualTime, wall: WallClock) {
    this.#time = time;
    this.#wall = wall;
  }

  nowMs(): number {
    return this.#time.nowMs() + this.#wall.aheadMs;
  }

  monotonicMs(): number {
    return this.#time.monotonicMs() - this.#asleepMs;
  }

  /** Goes on while the machine sleeps. */
  bootMs(): number {
    return this.#time.monotonicMs();
  }

  /** Stands still until `wake`: no timer fires. */
  suspend(): void {
    this.#due ??= [];
    this.#suspendedAtMs = this.#time.monotonicMs();
  }

  /** Goes on. @param slept the machine slept, and did not count the time */
  wake(slept: boolean): void {
    const due = this.#due ?? [];
    this.#due = null;
    if (slept) this.#asleepMs += this.#time.monotonicMs() - this.#suspendedAtMs;
    for (const fn of due) fn();
  }

  after(delayMs: number, fn: () => void): () => void {
    if (!this.alive) return () => {};
    const cancel = (): void => {
      this.#timers.delete(cancel);
      stop();
    };
    const fire = (): void => {
      if (!this.#timers.delete(cancel)) return;
      fn();
    };
    const stop = this.#time.after(delayMs, () => {
      if (this.#due) this.#due.push(fire);
      else fire();
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
