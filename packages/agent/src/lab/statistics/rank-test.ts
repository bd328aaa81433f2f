import { median } from "@warren/common/report/statistics.ts";

/** How much a second set of values differs from a first. */
export interface RankTest {
  /** Probability of ranks as uneven as these, or more, if there were no difference. */
  readonly p: number;
  /** Second to first: the median of all ratios between a value of each (Hodges and Lehmann 1963), and its 95 % interval. */
  readonly ratio: number;
  readonly low: number;
  readonly high: number;
}

const OUTSIDE = 0.05;

/**
 * The exact two-sided test of Mann and Whitney (1947). It asks nothing of the distribution: figures of a bench have long
 * tails, and one of them must not decide. Values are positive; both sets have at least one.
 */
export function rankTest(first: readonly number[], second: readonly number[]): RankTest {
  const [n, m] = [first.length, second.length];
  const ratios = second.flatMap((value) => first.map((other) => value / other)).sort((a, b) => a - b);
  // Pairs in which the second is greater; a tie is half of one, and is rounded to the side of no difference.
  const greater = ratios.reduce((sum, ratio) => sum + (ratio > 1 ? 1 : ratio === 1 ? 0.5 : 0), 0);
  const uneven = Math.ceil(Math.min(greater, n * m - greater));
  const below = cumulative(n, m);
  // The interval of a shift that agrees with the test (Hollander and Wolfe, §4.3); the whole range where n, m are small.
  let rank = 1;
  while (rank < ratios.length / 2 && below[rank]! <= OUTSIDE / 2) rank++;
  return {
    p: Math.min(1, 2 * below[uneven]!),
    ratio: median(ratios),
    low: ratios[rank - 1]!,
    high: ratios[ratios.length - rank]!,
  };
}

/** The smallest `p` that two sets of these sizes can have. */
export function smallestP(n: number, m: number): number {
  return Math.min(1, 2 * cumulative(n, m)[0]!);
}

const known = new Map<string, Float64Array>();

/** P(U ≤ u) for u from 0 to n·m if there is no difference. */
function cumulative(n: number, m: number): Float64Array {
  const key = `${n} ${m}`;
  const kept = known.get(key);
  if (kept !== undefined) return kept;
  const sums = distribution(n, m);
  for (let u = 1; u < sums.length; u++) sums[u]! += sums[u - 1]!;
  known.set(key, sums);
  return sums;
}

/**
 * P(U = u): the greatest of all values is of the first set with n/(n+m), and then adds m to U; else it adds nothing. Only
 * sums of positive terms, so that small probabilities keep their digits.
 */
function distribution(n: number, m: number): Float64Array {
  // Row for `i` values of the first set, by the number of values of the second.
  let row: Float64Array[] = Array.from({ length: m + 1 }, () => Float64Array.of(1));
  for (let i = 1; i <= n; i++) {
    const next: Float64Array[] = [Float64Array.of(1)];
    for (let j = 1; j <= m; j++) {
      const sums = new Float64Array(i * j + 1);
      row[j]!.forEach((probability, u) => {
        sums[u + j]! += (probability * i) / (i + j);
      });
      next[j - 1]!.forEach((probability, u) => {
        sums[u]! += (probability * j) / (i + j);
      });
      next.push(sums);
    }
    row = next;
  }
  return row[m]!;
}
