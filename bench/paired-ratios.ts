/** Value of one system in one round; absent where the run failed. */
export type ByRound = ReadonlyMap<number, number>;

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
