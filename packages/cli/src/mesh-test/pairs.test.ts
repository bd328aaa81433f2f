import { expect, test } from "vitest";
import { orderedPairs, spreadOver } from "./pairs.ts";

const ends = (count: number) => Array.from({ length: count }, (_, index) => index);

test.each([0, 1, 2, 3, 7])("all ordered pairs of %i ends", (count) => {
  const { pairs, of } = orderedPairs(ends(count), 1000);
  const expected = ends(count).flatMap((from) =>
    ends(count)
      .filter((to) => to !== from)
      .map((to) => `${from} ${to}`),
  );
  expect(pairs.map(([from, to]) => `${from} ${to}`).sort()).toEqual(expected.sort());
  expect(of).toBe(expected.length);
});

test.each([
  [10, 30],
  [100, 250],
  [50, 3],
])("a sample of %i ends gives each the same number of partners", (count, limit) => {
  const { pairs, of } = orderedPairs(ends(count), limit);
  expect(of).toBe(count * (count - 1));
  expect(pairs.length).toBeLessThanOrEqual(Math.max(limit, count));
  expect(new Set(pairs.map(String)).size).toBe(pairs.length);
  for (const [from, to] of pairs) expect(from).not.toBe(to);
  const perSender = Map.groupBy(pairs, ([from]) => from);
  const perReceiver = Map.groupBy(pairs, ([, to]) => to);
  expect(perSender.size).toBe(count);
  expect(perReceiver.size).toBe(count);
  expect(new Set([...perSender.values(), ...perReceiver.values()].map((each) => each.length)).size).toBe(1);
});

test("spreads over a list from its first on", () => {
  expect(spreadOver(ends(10), 3)).toEqual([0, 3, 6]);
  expect(spreadOver(ends(2), 3)).toEqual([0, 1]);
});
