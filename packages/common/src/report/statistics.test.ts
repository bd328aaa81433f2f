import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { median, quantile, spread } from "./statistics.ts";

const finite = fc.double({ noNaN: true, min: -1e12, max: 1e12 });

describe("median and spread", () => {
  it("takes the middle value of an odd set and the mean of the two middle ones of an even set", () => {
    expect(median([5, 1, 3])).toBe(3);
    expect(median([4, 1, 3, 2])).toBe(2.5);
  });

  it("is not a number for an empty set, instead of a figure that looks measured", () => {
    expect(spread([])).toEqual({ median: Number.NaN, min: Number.NaN, max: Number.NaN });
  });

  it("does not change the samples it is given", () => {
    const samples = [3, 1, 2];
    spread(samples);
    expect(samples).toEqual([3, 1, 2]);
  });

  it("keeps the median between the extremes", () => {
    fc.assert(
      fc.property(fc.array(finite, { minLength: 1 }), (values) => {
        const { median: middle, min, max } = spread(values);
        expect(middle).toBeGreaterThanOrEqual(min);
        expect(middle).toBeLessThanOrEqual(max);
      }),
    );
  });
});

describe("quantile", () => {
  it("interpolates between neighbours", () => {
    expect(quantile([10, 20, 30, 40, 50], 0.9)).toBeCloseTo(46, 12);
    expect(quantile([7], 0.99)).toBe(7);
  });

  it("grows with the fraction", () => {
    const fraction = fc.double({ noNaN: true, min: 0, max: 1 });
    fc.assert(
      fc.property(fc.array(fc.integer(), { minLength: 1 }), fraction, fraction, (values, a, b) => {
        expect(quantile(values, Math.min(a, b))).toBeLessThanOrEqual(quantile(values, Math.max(a, b)) + 1e-3);
      }),
    );
  });
});
