/**
 * How a worker waits for its devices. To be woken costs a thread 30 µs and more on a virtual machine: the processor it
 * left was halted, and comes back by an interrupt. So a worker that expects more looks a while before it blocks, and
 * lets others run between two looks.
 *
 *     look ─ found ──────────────────────────────▶ go on
 *      │ nothing                            ▲
 *      ▼                                    │ found
 *     give way ─▶ look ─▶ give way ─▶ look ─┤
 *                                           │ the window is over, or giving way took long: somebody else needs the
 *                                           ▼ processor, and being woken is the quicker way to get it back
 *                                         block
 *
 * Looking is tried only while packets come in quick succession: after a wait of more than a millisecond the next one
 * blocks at once. So a node at rest, and one with a packet now and then, spends nothing. That limit is wider than the time
 * of looking: two nodes that wake each other slowly would otherwise never find out that they could be quick.
 *
 * The constants are measured (ADR 0009).
 */
export interface PatiencePorts {
  /** True when there is something to do; does not block. */
  look(): boolean;
  /** Blocks until there is. */
  block(): void;
  /** Offers the processor to other threads. */
  giveWay(): void;
  /** Milliseconds, monotonic. */
  now(): number;
}

/** Longest time of looking. */
export const WINDOW_MS = 0.2;
/** Longest wait after which looking is tried. */
export const QUICK_MS = 1;
/** Giving way for longer than this: others want the processor, and got all that the scheduler grants them at a time. */
export const CONTENDED_MS = 0.1;
/**
 * How long no more looking is tried on a processor that others want: giving way to a busy program costs up to a time slice
 * of the scheduler (1.4 ms on two processors), in which packets wait. Now and then that may be tried, not all the time.
 */
export const RETREAT_MS = 50;

export class Patience {
  readonly #ports: PatiencePorts;
  #isQuick = false;
  #retreatUntil = Number.NEGATIVE_INFINITY;

  constructor(ports: PatiencePorts) {
    this.#ports = ports;
  }

  /** Returns when there is something to do. */
  wait(): void {
    const ports = this.#ports;
    if (ports.look()) return;
    const since = ports.now();
    if (this.#isQuick && since >= this.#retreatUntil && this.#watch(since)) return;
    ports.block();
    this.#isQuick = ports.now() - since <= QUICK_MS;
  }

  /** Looks until the window is over. True: something is there. */
  #watch(since: number): boolean {
    const ports = this.#ports;
    let before = since;
    for (;;) {
      ports.giveWay();
      if (ports.look()) return true;
      const now = ports.now();
      if (now - before > CONTENDED_MS) {
        this.#retreatUntil = now + RETREAT_MS;
        return false;
      }
      if (now - since > WINDOW_MS) return false;
      before = now;
    }
  }
}
