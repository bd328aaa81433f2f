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

describe(`convergence (WARREN_SEED=${SEED})`, () => {
  it("whatever happens to a mesh, no address ever has two owners, and in the end all agree and all pods reach each other", async () => {
    let runs = 0;
    let events = 0;
    await fc.assert(
      fc.asyncProperty(lives, async (life) => {
        runs += 1;
        events += await live(life);
      }),
      { seed: SEED, numRuns: 2_000, interruptAfterTimeLimit: 10_000 },
    );
    console.info(`${runs} meshes, ${events} events, seed ${SEED}`);
    expect(runs).toBeGreaterThan(3);
  }, 60_000);
});
