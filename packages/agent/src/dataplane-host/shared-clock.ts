/**
 * Milliseconds since the machine came up: the same number in every thread, where `performance.now` counts from the start
 * of each. For what threads tell one another of time. Read once, then counted on, because `hrtime` allocates.
 */
export function createSharedClock(): () => number {
  const [seconds, nanoseconds] = process.hrtime();
  const offset = seconds * 1000 + nanoseconds / 1e6 - performance.now();
  return () => offset + performance.now();
}
