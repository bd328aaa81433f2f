import type { Clock } from "@warren/common/runtime/clock.ts";
import { sleep } from "../control-client/retry.ts";

const LOOK_MS = 1_000;
/** What the clocks may differ by, or a look be late, before it counts: a busy machine is late by a second or two. */
const LEAST_GAP_MS = 5_000;
/** A process that was late by this was stopped; a clock that moved by this was set, or its machine stood still. */
const LEAST_LATE_MS = 15_000;
/** How long it is told. */
const TOLD_MS = 600_000;

/**
 * `slept`: the machine was suspended. `stopped`: the process did not run, and its machine did. `stepped`: the wall clock moved
 * and nothing else did; a machine that its hypervisor had suspended looks like that, and so does a clock that was set.
 */
export type GapKind = "slept" | "stopped" | "stepped";

export interface Gap {
  readonly kind: GapKind;
  /** Negative only for a clock that was set back. */
  readonly ms: number;
  /** By the wall clock, when it was over. */
  readonly endedMs: number;
}

export interface Clocks {
  /** Goes on in a suspended machine. */
  readonly bootMs: number;
  /** Stands still there. */
  readonly monotonicMs: number;
  readonly wallMs: number;
}

/** What happened between two looks that should be `LOOK_MS` apart; null when nothing did. */
export function gapBetween(before: Clocks, now: Clocks): Gap | null {
  const ran = now.monotonicMs - before.monotonicMs;
  const slept = now.bootMs - before.bootMs - ran;
  const stepped = now.wallMs - before.wallMs - ran - Math.max(0, slept);
  const endedMs = now.wallMs;
  if (slept >= LEAST_GAP_MS) return { kind: "slept", ms: slept, endedMs };
  if (ran >= LOOK_MS + LEAST_LATE_MS) return { kind: "stopped", ms: ran - LOOK_MS, endedMs };
  if (Math.abs(stepped) >= LEAST_LATE_MS) return { kind: "stepped", ms: stepped, endedMs };
  return null;
}

export interface SleepWatchOptions {
  readonly clock: Clock;
  /** Milliseconds since the machine came up, sleep included. */
  readonly bootMs: () => number;
  /** Connections are half open now, and sessions may be older than they look. */
  readonly onGap: (gap: Gap) => void;
}

/** Notices that this process, or its machine, stood still for a while. */
export class SleepWatch {
  readonly #options: SleepWatchOptions;
  #last: Gap | null = null;

  constructor(options: SleepWatchOptions) {
    this.#options = options;
  }

  /** The last one, for as long as it is news. */
  get last(): Gap | null {
    const { clock } = this.#options;
    return this.#last && Math.abs(clock.nowMs() - this.#last.endedMs) < TOLD_MS ? this.#last : null;
  }

  /** Until the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, onGap } = this.#options;
    for (let before = this.#read(); ; ) {
      await sleep(clock, LOOK_MS, signal);
      if (signal.aborted) return;
      const now = this.#read();
      const gap = gapBetween(before, now);
      before = now;
      if (!gap) continue;
      this.#last = gap;
      onGap(gap);
    }
  }

  #read(): Clocks {
    const { clock, bootMs } = this.#options;
    return { bootMs: bootMs(), monotonicMs: clock.monotonicMs(), wallMs: clock.nowMs() };
  }
}
