/**
 * Probabilities corrected for how many there are (Holm 1979): whoever calls real what is then at most 5 % is wrong about
 * any of them in at most one family of twenty. In the order they came in.
 */
export function holm(ps: readonly number[]): number[] {
  const order = ps.map((_, index) => index).sort((a, b) => ps[a]! - ps[b]!);
  const corrected = [...ps];
  let greatest = 0;
  order.forEach((index, rank) => {
    greatest = Math.max(greatest, Math.min(1, ps[index]! * (ps.length - rank)));
    corrected[index] = greatest;
  });
  return corrected;
}
