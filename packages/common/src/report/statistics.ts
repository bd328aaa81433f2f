/** The middle of a set of values and how far they reach. All three are NaN for an empty set. */
export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

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
