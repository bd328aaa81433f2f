import { describe, expect, it } from "vitest";
import { medianInterval } from "./median-interval.ts";

const upTo = (count: number) => Array.from({ length: count }, (_, index) => index + 1);

describe("interval of a median", () => {
  it("has the ranks of the tables for a sign test at 95 %", () => {
    const ranks = [6, 8, 9, 10, 12, 15, 20, 25].map((count) => {
      const { low, high } = medianInterval(upTo(count));
      return [count, low, high];
    });
    expect(ranks).toEqual([
      [6, 1, 6],
      [8, 1, 8],
      [9, 2, 8],
      [10, 2, 9],
      [12, 3, 10],
      [15, 4, 12],
      [20, 6, 15],
      [25, 8, 18],
    ]);
    expect(medianInterval(upTo(10)).confidence).toBeCloseTo(0.9785, 4);
  });

  it("says how little a few values are worth, instead of an interval that looks sure", () => {
    expect(medianInterval([7])).toEqual({ median: 7, low: 7, high: 7, confidence: 0 });
    expect(medianInterval([3, 1, 2])).toEqual({ median: 2, low: 1, high: 3, confidence: 0.75 });
    expect(medianInterval([]).median).toBeNaN();
  });

  it("is not moved by one wild value", () => {
    const values = [...upTo(9), 1e9];
    expect(medianInterval(values)).toMatchObject({ median: 5.5, low: 2, high: 9 });
  });
});
