/** Ordered pairs, and how many there are in all: more when these are a sample. */
export interface Pairs<End> {
  readonly pairs: readonly (readonly [from: End, to: End])[];
  readonly of: number;
}

/**
 * Every ordered pair, or, where that is more than `limit`, a sample in which each end has the same number of partners,
 * spread evenly over the others: at least one, also when that is more than the limit.
 */
export function orderedPairs<End>(ends: readonly End[], limit: number): Pairs<End> {
  const others = ends.length - 1;
  if (others < 1) return { pairs: [], of: 0 };
  const partners = Math.min(others, Math.max(1, Math.floor(limit / ends.length)));
  const offsets = spreadOver(
    Array.from({ length: others }, (_, index) => index + 1),
    partners,
  );
  const pairs = ends.flatMap((from, index) =>
    offsets.map((offset) => [from, ends[(index + offset) % ends.length]!] as const),
  );
  return { pairs, of: ends.length * others };
}

/** `count` of the items, spread evenly over all of them, in their order; all when there are no more. */
export function spreadOver<Item>(items: readonly Item[], count: number): Item[] {
  if (items.length <= count) return [...items];
  return Array.from({ length: count }, (_, index) => items[Math.floor((index * items.length) / count)]!);
}

/** ` (a sample of 9900)`, or nothing where it is all. */
export function sampleOf({ pairs, of }: Pairs<unknown>): string {
  return pairs.length === of ? "" : ` (a sample of all ${of})`;
}
