import type { ErrorCode } from "@warren/common/errors/codes.ts";
import { WarrenError } from "@warren/common/errors/warren-error.ts";
import type { Clock } from "@warren/common/runtime/clock.ts";

/** Waits; resolves early, without an error, when the signal aborts. */
export function sleep(clock: Clock, delayMs: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const done = (): void => {
      cancel();
      signal.removeEventListener("abort", done);
      resolve();
    };
    const cancel = clock.after(delayMs, done);
    signal.addEventListener("abort", done, { once: true });
  });
}

/**
 * Full-jitter back-off: attempt 0 waits up to `firstMs`, each next up to twice as long, never more than `maxMs`, and
 * never less than a tenth of it. A thousand agents whose control plane comes back do not call it in the same moment.
 */
export function backoffMs(attempt: number, random: number, firstMs = 500, maxMs = 15_000): number {
  const ceiling = Math.min(maxMs, firstMs * 2 ** Math.min(attempt, 30));
  return ceiling * (0.1 + 0.9 * random);
}

/** At the start nobody waits long in vain, but a control plane that is started at the same moment is waited for. */
const START_PATIENCE_MS = 5_000;

export interface RetryOptions {
  readonly clock: Clock;
  readonly random: () => number;
  readonly signal: AbortSignal;
}

/** Tries again, for a few seconds, while the control plane does not answer. Other errors are thrown at once. */
export function retryWhileUnavailable<T>(options: RetryOptions, call: () => Promise<T>): Promise<T> {
  return retryWhile(options, "unavailable", START_PATIENCE_MS, call);
}

/** Tries again while the error has that code, for as long as `patienceMs`. Other errors are thrown at once. */
export async function retryWhile<T>(
  { clock, random, signal }: RetryOptions,
  code: ErrorCode,
  patienceMs: number,
  call: () => Promise<T>,
): Promise<T> {
  const deadline = clock.monotonicMs() + patienceMs;
  for (let attempt = 0; ; attempt++) {
    try {
      return await call();
    } catch (error) {
      const again = error instanceof WarrenError && error.code === code;
      if (!again || signal.aborted || clock.monotonicMs() >= deadline) throw error;
      await sleep(clock, backoffMs(attempt, random(), 250, 1_000), signal);
    }
  }
}
