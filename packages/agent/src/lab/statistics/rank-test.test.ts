import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { rankTest, smallestP } from "./rank-test.ts";

const values = fc.array(fc.double({ min: 0.1, max: 10, noNaN: true }), { minLength: 2, maxLength: 8 });

describe("rank test", () => {
  it("has the probabilities of the published tables", () => {
    // Mann and Whitney 1947, table I: n = m = 4, U = 0, 1, 2: .014, .029, .057; n = 3, m = 6, U = 2: .048.
    expect(rankTest([1, 2, 3, 4], [5, 6, 7, 8]).p / 2).toBeCloseTo(0.014, 3);
    expect(rankTest([1, 2, 3, 5], [4, 6, 7, 8]).p / 2).toBeCloseTo(0.029, 3);
    expect(rankTest([1, 2, 3, 6], [4, 5, 7, 8]).p / 2).toBeCloseTo(0.057, 3);
    expect(rankTest([1, 2, 5], [3, 4, 6, 7, 8, 9]).p / 2).toBeCloseTo(0.048, 3);
    expect(smallestP(10, 10)).toBeCloseTo(2 / 184_756, 12);
  });

  it("finds a difference of one per cent between steady values, and none between values that overlap", () => {
    const steady = [1, 1.001, 1.002, 1.003, 1.004, 1.005];
    const more = rankTest(
      steady,
      steady.map((value) => value * 1.01),
    );
    expect(more.p).toBeLessThan(0.01);
    expect(more.ratio).toBeCloseTo(1.01, 3);
    expect(more.low).toBeGreaterThan(1);
    expect(rankTest([1, 3, 5, 7, 9, 11], [2, 4, 6, 8, 10, 12]).p).toBeGreaterThan(0.5);
  });

  it("is right about chance: of pairs of sets without a difference, one in twenty is below 5 %", () => {
    let state = 7;
    const random = () => {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
      return (state + 1) / 2 ** 32;
    };
    const set = () => Array.from({ length: 8 }, () => 1 + random() ** 8);
    let called = 0;
    for (let round = 0; round < 2000; round++) if (rankTest(set(), set()).p <= 0.05) called++;
    expect(called / 2000).toBeLessThan(0.06);
    expect(called / 2000).toBeGreaterThan(0.03);
  });

  it("says the same of the reverse, and of equal sets that nothing is different", () => {
    fc.assert(
      fc.property(values, values, (a, b) => {
        const [there, back] = [rankTest(a, b), rankTest(b, a)];
        expect(there.p).toBeCloseTo(back.p, 12);
        expect(there.low * back.high).toBeCloseTo(1, 9);
        expect(there.low).toBeLessThanOrEqual(there.ratio);
        expect(there.high).toBeGreaterThanOrEqual(there.ratio);
        expect(rankTest(a, a).p).toBeGreaterThan(0.6);
      }),
    );
  });
});
