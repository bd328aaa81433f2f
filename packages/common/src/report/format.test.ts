import { expect, it } from "vitest";
import { formatNumber, formatRange } from "./format.ts";

it("writes as many digits as a measurement is worth", () => {
  const written = [0, 0.0123, 0.5169, 1, 8.488, 15.5, 122.29, 1524.4].map(formatNumber);
  expect(written).toEqual(["0", "0.012", "0.52", "1.00", "8.49", "15.5", "122", "1524"]);
});

it("has no range for a single value", () => {
  expect(formatRange({ median: 1, min: 1, max: 1 })).toBe("");
  expect(formatRange({ median: 15.5, min: 15, max: 16 })).toBe("15.0–16.0");
});
