import { setTimeout as delay } from "node:timers/promises";
import { WarrenError } from "@warren/common/errors/warren-error.ts";

export interface WaitOptions {
  readonly timeoutMs?: number;
  readonly everyMs?: number;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Asks `probe` until it gives something other than `undefined`, `null` or `false`, and returns that. A probe that
 * throws counts as "not yet". Throws `timeout` with `what` and the last thing the probe threw.
 */
export async function waitFor<T>(
  what: string,
  probe: () => Promise<T | undefined | null | false> | T | undefined | null | false,
  options: WaitOptions = {},
): Promise<T> {
  const timeoutMs = options.timeoutMs ?? 20_000;
  const deadline = performance.now() + timeoutMs;
  let last: unknown;
  for (;;) {
    options.signal?.throwIfAborted();
    try {
      const value = await probe();
      if (value !== undefined && value !== null && value !== false) return value;
      last = undefined;
    } catch (thrown) {
      if (thrown instanceof WaitEnded) throw thrown.reason;
      last = thrown;
    }
    if (performance.now() >= deadline) {
      const why = last instanceof Error ? `; the last answer was: ${last.message}` : "";
      throw new WarrenError("timeout", `waited ${timeoutMs} ms for ${what}${why}`, { cause: last });
    }
    await delay(options.everyMs ?? 50, undefined, options.signal && { signal: options.signal });
  }
}

/** A probe throws this when waiting longer is pointless; `waitFor` then throws `reason` at once. */
export class WaitEnded extends Error {
  readonly reason: unknown;

  constructor(reason: unknown) {
    super("waiting is pointless");
    this.reason = reason;
  }
}
