import { describe, expect, it } from "vitest";
import { pairedRatios } from "./paired-ratios.ts";

describe("paired ratios", () => {
  it("divides within a round, so a slow round of both leaves the ratio alone", () => {
    const warren = new Map([
      [0, 9],
      [1, 3],
    ]);
    const vxlan = new Map([
      [0, 15],
      [1, 5],
    ]);
    expect(pairedRatios(warren, vxlan)).toEqual([0.6, 0.6]);
  });

  it("leaves out rounds in which either run failed", () => {
    const warren = new Map([
      [0, 9],
      [2, 4],
    ]);
    const vxlan = new Map([
      [1, 15],
      [2, 8],
    ]);
    expect(pairedRatios(warren, vxlan)).toEqual([0.5]);
    expect(pairedRatios(new Map([[0, 1]]), new Map([[0, 0]]))).toEqual([]);
  });
});
