import { expect, it } from "vitest";
import { describeIntervals, figureOf, keyText } from "./figure.ts";

const run = (samples: readonly number[]) => ({
  lines: [{ key: {}, figures: [figureOf("throughput", "GB/s", "speed", samples)] }],
});

it("says what the intervals are worth", () => {
  expect(describeIntervals(run([1, 2, 3, 4, 5, 6]))).toContain("with 95 % confidence");
  expect(describeIntervals(run([1, 2, 3]))).toContain("which takes six repeats (this is one of 75 %)");
});

it("has the same text for the same place, whatever the order of its parts", () => {
  expect(keyText({ a: 1, b: "x" })).toBe(keyText({ b: "x", a: 1 }));
  expect(keyText({ a: 1 })).not.toBe(keyText({ a: 2 }));
});
