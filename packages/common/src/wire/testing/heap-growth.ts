const ROUNDS = 9;

/** Bytes of the smallest thing V8 allocates, a number that is not a small integer. */
export const SMALLEST_OBJECT = 12;

/**
 * Bytes by which the heap grows in one call, as the median of several: in one round the compiler may leave something
 * behind, in another the collector may take away what was allocated.
 */
export function heapGrowth(run: () => void): number {
  const rounds = Array.from({ length: ROUNDS }, () => {
    const before = process.memoryUsage().heapUsed;
    run();
    return process.memoryUsage().heapUsed - before;
  });
  return rounds.sort((a, b) => a - b)[ROUNDS >>> 1]!;
}
