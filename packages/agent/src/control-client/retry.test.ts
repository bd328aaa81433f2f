import fc from "fast-check";
import { expect, it } from "vitest";
import { renewalTime } from "./certificate-renewal.ts";
import { backoffMs } from "./retry.ts";

it("backs off up to its limit, never to nothing", () => {
  fc.assert(
    fc.property(fc.nat(1_000), fc.double({ min: 0, max: 0.999, noNaN: true }), (attempt, random) => {
      const wait = backoffMs(attempt, random);
      expect(wait).toBeGreaterThanOrEqual(50);
      expect(wait).toBeLessThanOrEqual(15_000);
      expect(wait).toBeGreaterThanOrEqual(backoffMs(attempt - 1, 0));
    }),
  );
});

it("renews between half and four fifths of a certificate's life", () => {
  expect(renewalTime({ fromMs: 1_000, toMs: 2_000 }, 0)).toBe(1_500);
  expect(renewalTime({ fromMs: 1_000, toMs: 2_000 }, 1)).toBe(1_800);
});
