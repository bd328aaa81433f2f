/** The middle of a set of values and how far they reach. All three are NaN for an empty set. */
export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

/** Value of one system in one round; absent where the run failed. */
export type ByRound = ReadonlyMap<number, number>;

/**
 * The value below which the share `fraction` (0–1) of `values` lies, with linear interpolation between the two nearest
 * ranks (Hyndman and Fan 1996, type 7). NaN for an empty set. `values` need not be sorted and is not changed.
 */
export function quantile(values: readonly number[], fraction: number): number {
  if (values.length === 0) return Number.NaN;
  const sorted = values.toSorted((a, b) => a - b);
  const rank = (sorted.length - 1) * fraction;
  const below = sorted[Math.floor(rank)]!;
  const above = sorted[Math.ceil(rank)]!;
  const part = rank - Math.floor(rank);
  // Not `below + (above - below) * part`: that overflows for far-apart values, and may leave the range by a rounding.
  return part === 0 ? below : below * (1 - part) + above * part;
}

export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

export function spread(values: readonly number[]): Spread {
  if (values.length === 0) return { median: Number.NaN, min: Number.NaN, max: Number.NaN };
  return { median: median(values), min: Math.min(...values), max: Math.max(...values) };
}

/**
 * Ratios of `values` to `reference`, round by round, for the rounds that have both. The two runs of a round are
 * neighbours in time, so what slowed the machine for a while slowed both: the ratio is steadier than either value, and
 * its median is not the ratio of the medians.
 */
export function pairedRatios(values: ByRound, reference: ByRound): number[] {
  const ratios: number[] = [];
  for (const [round, value] of values) {
    const other = reference.get(round);
    if (other !== undefined && other !== 0) ratios.push(value / other);
  }
  return ratios;
}
