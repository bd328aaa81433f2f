import { median } from "@warren/common/report/statistics.ts";

/** A median and where the true one lies. NaN where there are no values. */
export interface MedianInterval {
  readonly median: number;
  readonly low: number;
  readonly high: number;
  /** How sure the interval is, 0 to 1. */
  readonly confidence: number;
}

const WANTED = 0.95;

/**
 * The confidence interval of the median between two order statistics (David and Nagaraja, Order Statistics, §7.1): the
 * narrowest one that holds in at least 95 % of cases, whatever the distribution of the values. With fewer than six values
 * there is none; then it is the whole range, and `confidence` says how sure that is.
 */
export function medianInterval(values: readonly number[]): MedianInterval {
  const count = values.length;
  if (count === 0) return { median: Number.NaN, low: Number.NaN, high: Number.NaN, confidence: 0 };
  const sorted = values.toSorted((a, b) => a - b);
  let rank = 1;
  while (rank + 1 <= Math.floor(count / 2) && coverage(count, rank + 1) >= WANTED) rank++;
  return {
    median: median(values),
    low: sorted[rank - 1]!,
    high: sorted[count - rank]!,
    confidence: coverage(count, rank),
  };
}

/** That the median lies between the values of rank `rank` from below and from above: 1 − 2 P(Binomial(n, ½) < rank). */
function coverage(count: number, rank: number): number {
  let term = 0.5 ** count;
  let below = 0;
  for (let successes = 0; successes < rank; successes++) {
    below += term;
    term *= (count - successes) / (successes + 1);
  }
  return Math.max(0, 1 - 2 * below);
}
