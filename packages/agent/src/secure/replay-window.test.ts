import { heapGrowth, SMALLEST_OBJECT } from "@warren/common/wire/testing/heap-growth.ts";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { REPLAY_WINDOW, ReplayWindow } from "./replay-window.ts";

const REJECT_AFTER = 2n ** 64n - 2n ** 13n - 1n;
const WINDOW = BigInt(REPLAY_WINDOW);

/** An authentic message with this counter: whether it is let in, and then seen. */
function take(window: ReplayWindow, counter: bigint): boolean {
  const [low, high] = [Number(counter & 0xffff_ffffn), Number(counter >> 32n)];
  if (!window.mayAccept(low, high)) return false;
  window.accept(low, high);
  return true;
}

/** [counter, is it let in?]; the window's edge is as of WireGuard's own self-test, which has as many steps. */
const ORDERED: readonly (readonly [bigint, boolean])[] = [
  // The first two, and one again.
  [0n, true],
  [1n, true],
  [1n, false],
  // A gap, filled from behind.
  [9n, true],
  [8n, true],
  [7n, true],
  [7n, false],
  // One window and one further: what is in it still comes, once.
  [WINDOW + 1n, true],
  [WINDOW, true],
  [WINDOW, false],
  [WINDOW - 1n, true],
  [2n, true],
  [2n, false],
  // The edge moves on past 3.
  [WINDOW + 17n, true],
  [3n, false],
  [WINDOW + 17n, false],
  // Far ahead: the whole window is new, and ends exactly.
  [4n * (WINDOW + 1n), true],
  [4n * (WINDOW + 1n) - WINDOW, true],
  [10n, false],
  [4n * (WINDOW + 1n) - WINDOW - 1n, false],
  [4n * (WINDOW + 1n) - WINDOW - 2n, false],
  [4n * (WINDOW + 1n) - WINDOW + 1n, true],
  [4n * (WINDOW + 1n) - WINDOW, false],
  [0n, false],
  // The end of all counters.
  [REJECT_AFTER, false],
  [REJECT_AFTER - 1n, true],
  [REJECT_AFTER, false],
  [REJECT_AFTER - 1n, false],
  [REJECT_AFTER - 2n, true],
  [REJECT_AFTER + 1n, false],
  [REJECT_AFTER + 2n, false],
  [REJECT_AFTER - 2n, false],
  [REJECT_AFTER - 3n, true],
  [0n, false],
];

test("lets in what is new and in the window, through 34 steps in order", () => {
  expect(ORDERED).toHaveLength(34);
  const window = new ReplayWindow();
  ORDERED.forEach(([counter, isIn], step) => {
    expect(take(window, counter), `step ${step}: ${counter}`).toBe(isIn);
  });
});

describe("lets in a whole window", () => {
  const up = (from: bigint, to: bigint) => Array.from({ length: Number(to - from) + 1 }, (_, i) => from + BigInt(i));
  const down = (from: bigint, to: bigint) => up(to, from).reverse();

  test.each<[string, readonly bigint[], readonly (readonly [bigint, boolean])[]]>([
    [
      "upwards, and its oldest last, once",
      up(1n, WINDOW),
      [
        [0n, true],
        [0n, false],
      ],
    ],
    [
      "upwards from 2, whose edge leaves 1 in and 0 out",
      up(2n, WINDOW + 1n),
      [
        [1n, true],
        [0n, false],
      ],
    ],
    ["downwards to 0", down(WINDOW, 0n), [[0n, false]]],
    ["downwards to 1, whose edge leaves 0 out", down(WINDOW + 1n, 1n), [[0n, false]]],
    [
      "downwards to 1, and then one further, which puts 0 out",
      down(WINDOW, 1n),
      [
        [WINDOW + 1n, true],
        [0n, false],
      ],
    ],
    [
      "downwards to 1, and 0 just before one further",
      down(WINDOW, 1n),
      [
        [0n, true],
        [WINDOW + 1n, true],
      ],
    ],
  ])("%s", (_, counters, then) => {
    const window = new ReplayWindow();
    const refused = counters.filter((counter) => !take(window, counter));
    expect(refused).toEqual([]);
    expect(then.map(([counter]) => take(window, counter))).toEqual(then.map(([, isIn]) => isIn));
  });
});

/** What the window should do, with a set that forgets nothing. */
class Model {
  readonly #seen = new Set<bigint>();
  #greatest = -1n;

  take(counter: bigint): boolean {
    if (counter >= REJECT_AFTER || this.#seen.has(counter) || this.#greatest - counter > WINDOW) return false;
    this.#seen.add(counter);
    if (counter > this.#greatest) this.#greatest = counter;
    return true;
  }
}

/** Steps from the last greatest counter: near, at the edges of words, window and ring, whole turns, and far. */
const steps = fc.oneof(
  fc.tuple(fc.integer({ min: -1, max: 2 }), fc.integer({ min: -40, max: 40 })).map(([turns, n]) => turns * 8192 + n),
  fc.integer({ min: -80, max: 80 }),
  fc.integer({ min: -70, max: 70 }).map((n) => n - REPLAY_WINDOW),
  fc.integer({ min: -70, max: 70 }).map((n) => n + 8192),
  fc.integer({ min: -9000, max: 9000 }),
  fc.integer({ min: 0, max: 2 ** 40 }),
);
const starts = fc.constantFrom(0n, 31n, 8191n, 2n ** 32n - 100n, 2n ** 53n - 50n, 2n ** 63n, REJECT_AFTER - 9000n);

test("agrees with a set that forgets nothing, whatever comes in which order", () => {
  fc.assert(
    fc.property(starts, fc.array(steps, { maxLength: 300, size: "max" }), (start, moves) => {
      const window = new ReplayWindow();
      const model = new Model();
      let greatest = start;
      for (const move of moves) {
        const counter = BigInt.asUintN(64, greatest + BigInt(move));
        const isIn = model.take(counter);
        expect(take(window, counter), `${counter} after ${greatest}`).toBe(isIn);
        if (isIn && counter > greatest) greatest = counter;
      }
    }),
    {
      numRuns: 500,
      // A turn of the ring that ends in the word it began in.
      examples: [[0n, [8192, 19, -8122, 8173, -8103]]],
    },
  );
});

test("a counter that was only asked about changes nothing", () => {
  const window = new ReplayWindow();
  take(window, 5n);
  for (let i = 0; i < 3; i++) expect(window.mayAccept(0, 77)).toBe(true);
  expect(take(window, 4n)).toBe(true);
});

test("allocates nothing for a message", () => {
  const window = new ReplayWindow();
  const messages = 2000;
  let counter = 0;
  let taken = 0;
  const run = () => {
    for (let i = 0; i < messages; i++, counter += 3) {
      if (window.mayAccept(counter, 7)) window.accept(counter, 7);
      taken += window.mayAccept(counter, 7) ? 1 : 0;
    }
  };
  for (let i = 0; i < 100; i++) run();
  expect(heapGrowth(run)).toBeLessThan((messages * SMALLEST_OBJECT) / 2);
  expect(taken).toBe(0);
});
