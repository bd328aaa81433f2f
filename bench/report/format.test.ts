import { expect, it } from "vitest";
import { formatSpread } from "./format.ts";

it("writes no range behind a single value", () => {
  expect(formatSpread({ median: 1, min: 1, max: 1 })).toBe("1.00");
  expect(formatSpread({ median: 15.5, min: 15, max: 16 }, "ms")).toBe("15.5 ms (15.0–16.0)");
});
