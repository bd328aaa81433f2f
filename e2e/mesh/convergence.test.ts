import { CIPHERS } from "@warren/common/net/cipher.ts";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { DEEDS } from "./sim/operator.ts";
import { type Life, live } from "./sim/random-life.ts";
import { SEED } from "./sim/seed.ts";

const pauses = fc.oneof(
  { weight: 5, arbitrary: fc.integer({ min: 0, max: 60 }) },
  { weight: 3, arbitrary: fc.integer({ min: 0, max: 20_000 }) },
  { weight: 1, arbitrary: fc.integer({ min: 60_000, max: 200_000 }) },
);

const lives: fc.Arbitrary<Life> = fc.record({
  seed: fc.nat(),
  size: fc.integer({ min: 2, max: 12 }),
  cipher: fc.constantFrom(...CIPHERS),
  steps: fc.array(
    fc.record({
      deed: fc.oneof(
        { weight: 3, arbitrary: fc.constantFrom(...DEEDS) },
        { weight: 1, arbitrary: fc.constantFrom("start" as const, "add-pod" as const) },
      ),
      index: fc.nat({ max: 11 }),
      percent: fc.integer({ min: 0, max: 99 }),
      pauseMs: pauses,
    }),
    { minLength: 1, maxLength: 60, size: "max" },
  ),
});

/** How long lives are lived, and how long after a failure a shorter one with the same end is looked for. */
const BUDGET_MS = 10_000;
const SHRINKING_MS = 15_000;

describe(`convergence (WARREN_SEED=${SEED})`, () => {
  it("whatever happens to a mesh, no address ever has two owners, and in the end all agree and all pods reach each other", async () => {
    let lived = 0;
    let events = 0;
    let untilMs = performance.now() + BUDGET_MS;
    let failed = false;
    const property = fc.asyncProperty(lives, async (life) => {
      // Not left to fast-check, which would end the test in the middle of a life, with its files on the disk.
      if (performance.now() > untilMs) return;
      lived += 1;
      try {
        events += await live(life);
      } catch (error) {
        if (!failed) untilMs = performance.now() + SHRINKING_MS;
        failed = true;
        throw error;
      }
    });
    await fc.assert(property, { seed: SEED, numRuns: 2_000 });
    console.info(`${lived} meshes, ${events} events, seed ${SEED}`);
    expect(lived).toBeGreaterThan(0);
  }, 60_000);
});
