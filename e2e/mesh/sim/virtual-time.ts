import type { Clock } from "@warren/common/runtime/clock.ts";

interface Event {
  readonly atMs: number;
  /** Order of scheduling: of two events at the same time the one that was asked for first comes first. */
  readonly order: number;
  fn: (() => void) | null;
}

/**
 * The time of a simulated world: a queue of events. Nothing happens between two events, so a run depends on nothing but
 * its seed, and a day passes in as long as its events take.
 */
export class VirtualTime implements Clock {
  readonly #startMs: number;
  readonly #heap: Event[] = [];
  #elapsedMs = 0;
  #order = 0;
  /** Events that ran. */
  events = 0;

  constructor(startMs = Date.parse("2026-11-01T00:00:00Z")) {
    this.#startMs = startMs;
  }

  nowMs(): number {
    return this.#startMs + this.#elapsedMs;
  }

  monotonicMs(): number {
    return this.#elapsedMs;
  }

  after(delayMs: number, fn: () => void): () => void {
    const event: Event = { atMs: this.#elapsedMs + Math.max(0, delayMs), order: this.#order++, fn };
    this.#push(event);
    return () => {
      event.fn = null;
    };
  }

  /** Lets `ms` pass. */
  async run(ms: number): Promise<void> {
    const endMs = this.#elapsedMs + ms;
    await settle();
    while (await this.#step(endMs));
    this.#elapsedMs = endMs;
  }

  /**
   * Lets time pass until `condition` holds. Throws when it does not within `limitMs`.
   * @returns how long it took, in virtual milliseconds
   */
  async until(what: string, condition: () => boolean, limitMs: number): Promise<number> {
    const startMs = this.#elapsedMs;
    await settle();
    while (!condition()) {
      if (!(await this.#step(startMs + limitMs)))
        throw new Error(`not within ${limitMs} ms of virtual time: ${what} (t = ${Math.round(this.#elapsedMs)} ms)`);
    }
    return this.#elapsedMs - startMs;
  }

  /** Lets time pass until the promise is settled, and gives its outcome. */
  async complete<T>(what: string, promise: Promise<T>, limitMs = 120_000): Promise<T> {
    let settled = false;
    const note = (): void => {
      settled = true;
    };
    promise.then(note, note);
    await this.until(what, () => settled, limitMs);
    return promise;
  }

  async #step(endMs: number): Promise<boolean> {
    for (;;) {
      const next = this.#heap[0];
      if (!next || next.atMs > endMs) return false;
      this.#pop();
      const { fn } = next;
      if (!fn) continue;
      this.#elapsedMs = next.atMs;
      this.events += 1;
      fn();
      await settle();
      return true;
    }
  }

  #push(event: Event): void {
    const heap = this.#heap;
    let at = heap.length;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!isBefore(event, heap[parent]!)) break;
      heap[at] = heap[parent]!;
      at = parent;
    }
    heap[at] = event;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop()!;
    if (heap.length === 0) return;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && isBefore(heap[child + 1]!, heap[child]!)) child += 1;
      if (!isBefore(heap[child]!, last)) break;
      heap[at] = heap[child]!;
      at = child;
    }
    heap[at] = last;
  }
}

function isBefore(a: Event, b: Event): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);
}

/** Lets every promise that can go on without time passing go on: none of ours waits for anything but events. */
function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
