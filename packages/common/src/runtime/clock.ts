/** Time as an argument, so that tests and the simulator own it. All units are milliseconds. */
export interface Clock {
  /** Wall-clock time since the Unix epoch; may jump. For leases, tokens, certificates. */
  nowMs(): number;
  /** Time that never goes back. For timeouts and round-trip times. */
  monotonicMs(): number;
  /** Calls `fn` once after `delayMs`; the returned function cancels it. A pending timer does not keep the process up. */
  after(delayMs: number, fn: () => void): () => void;
}

/** The machine's own clock. */
export const systemClock: Clock = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  after(delayMs, fn) {
    const timer = setTimeout(fn, delayMs);
    timer.unref();
    return () => clearTimeout(timer);
  },
};
