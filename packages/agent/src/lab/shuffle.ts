/**
 * The items in an order that looks random and is the same for the same `round`. Each repeat measures in another order, so
 * that a machine that changes its pace at intervals does not always hit the same lines.
 */
export function shuffled<T>(items: readonly T[], round: number): T[] {
  const order = [...items];
  let state = round + 1;
  for (let last = order.length - 1; last > 0; last--) {
    // Marsaglia's xorshift32: never 0 for a start that is not.
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    const other = (state >>> 0) % (last + 1);
    [order[last], order[other]] = [order[other]!, order[last]!];
  }
  return order;
}
