import type { Clock } from "@warren/common/runtime/clock.ts";
import { sleep } from "../control-client/retry.ts";

/** Probes that a node sends in a second, all tasks together: a self-test is no load test. */
export const PROBES_PER_SECOND = 2_000;
/** Long ones are fewer: of 1,440 bytes, 700 a second. Whoever has many nodes send at once makes no flood of it. */
const BYTES_PER_SECOND = 1_000_000;
/** What a timer cannot keep is sent at once. */
const GRAIN_MS = 4;

/** Hands out moments at which to send, evenly spaced. */
export class ProbePacer {
  readonly #clock: Clock;
  #nextMs = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Resolves when the next probe, of so many bytes, may be sent, or the signal aborts. */
  async turn(bytes: number, signal: AbortSignal): Promise<void> {
    const nowMs = this.#clock.monotonicMs();
    const atMs = Math.max(nowMs, this.#nextMs);
    this.#nextMs = atMs + Math.max(1_000 / PROBES_PER_SECOND, (bytes * 1_000) / BYTES_PER_SECOND);
    if (atMs - nowMs >= GRAIN_MS) await sleep(this.#clock, atMs - nowMs, signal);
  }
}
