import { expect, it } from "vitest";
import { benchCrypto } from "./bench-crypto.ts";
import { defaultOptions, matrix } from "./matrix.ts";
import type { TakeSample } from "./worker-pool.ts";

const STARTED = "2026-11-26T00:00:00.000Z";
const options = { ...defaultOptions(2, true), sizes: [1000, 2000], threads: [1, 2], repeats: 3 };

/** Seals a million messages a second in each thread, and opens half as many. */
const steady: TakeSample = (cell) =>
  Promise.resolve({
    timed: Array.from({ length: cell.threads }, () => ({ messages: 1000, sealMs: 1, openMs: 2 })),
    onCore: 1,
  });

it("turns what the threads did into throughput of all and time of one message", async () => {
  const run = await benchCrypto(options, steady, () => {}, STARTED);
  expect(run.lines).toHaveLength(2 * 3 * 2 * 2 * 2);
  const of = (direction: string, threads: number) =>
    run.lines
      .find(({ key }) => key["size"] === 2000 && key["direction"] === direction && key["threads"] === threads)!
      .figures.map(({ unit, median, samples }) => [unit, median, samples.length]);
  expect(of("seal", 1)).toEqual([
    ["GB/s", 2, 3],
    ["ns/message", 1000, 3],
  ]);
  expect(of("open", 2)).toEqual([
    ["GB/s", 2, 3],
    ["ns/message", 2000, 3],
  ]);
  expect([run.failures, run.warnings]).toEqual([[], []]);
});

it("takes all cells in each repeat, in another order each time, and one uncounted round before", async () => {
  const rounds: string[] = [];
  const shares: number[] = [];
  const take: TakeSample = (cell, forMs) => {
    rounds.push(JSON.stringify(cell));
    return steady(cell, forMs);
  };
  await benchCrypto(options, take, (share) => shares.push(share), STARTED);
  const cells = matrix(options).length;
  const each = [0, 1, 2, 3].map((round) => rounds.slice(round * cells, (round + 1) * cells));
  for (const round of each) expect(new Set(round).size).toBe(cells);
  expect(each[1]).not.toEqual(each[2]);
  expect(shares[0]).toBe(0);
  expect(shares.at(-1)).toBeLessThan(1);
});

it("measures what there is when an implementation is missing, and warns of a machine that is not alone", async () => {
  const take: TakeSample = async (cell, forMs) => {
    if (cell.implementation === "libsodium") throw new Error("not installed");
    return { ...(await steady(cell, forMs)), onCore: 0.6 };
  };
  const run = await benchCrypto(options, take, () => {}, STARTED);
  expect(run.failures).toHaveLength(2 * 2 * 2);
  expect(run.failures[0]).toMatchObject({ key: { implementation: "libsodium" }, reason: "not installed" });
  expect(new Set(run.lines.map(({ key }) => key["implementation"]))).toEqual(new Set(["openssl", "node-crypto"]));
  expect(run.warnings[0]).toContain("60 % of the time");
});
