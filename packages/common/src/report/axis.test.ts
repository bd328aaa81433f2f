import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { axisFor, positionOn } from "./axis.ts";

describe("axis", () => {
  it("has short, even numbers", () => {
    expect(axisFor([21.05, 3]).ticks).toEqual([0, 5, 10, 15, 20, 25]);
    expect(axisFor([1524]).ticks).toEqual([0, 500, 1000, 1500, 2000]);
    expect(axisFor([0.31]).ticks).toEqual([0, 0.1, 0.2, 0.3, 0.4]);
    expect(axisFor([0]).ticks).toEqual([0, 1]);
    expect(axisFor([]).end).toBe(1);
  });

  it("has room for every value in two to five steps, and is not much longer than the largest", () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: 1e-6, max: 1e9, noNaN: true }), { minLength: 1 }), (values) => {
        const axis = axisFor(values);
        const largest = Math.max(...values);
        expect(axis.end).toBeGreaterThanOrEqual(largest * 0.999999);
        expect(axis.end).toBeLessThanOrEqual(largest * 1.6);
        expect(axis.ticks.length).toBeGreaterThanOrEqual(3);
        expect(axis.ticks.length).toBeLessThanOrEqual(6);
      }),
    );
  });

  it("places a value by its share of the whole", () => {
    const axis = axisFor([20]);
    expect([0, 5, 20].map((value) => positionOn(axis, value))).toEqual(["0.00%", "25.00%", "100.00%"]);
  });
});
