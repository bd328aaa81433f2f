import { expect, test } from "vitest";
import { countOpened, countUndecryptable, KEY_TALLY_BYTES, openTally, readTally } from "./key-tally.ts";
import { ReplayWindow } from "./replay-window.ts";

const create = () => new Float64Array(KEY_TALLY_BYTES / Float64Array.BYTES_PER_ELEMENT);

/** Counts as they come, through the window that says how many are missing. */
function tallyOf(counters: readonly number[]): number {
  const window = new ReplayWindow();
  const tally = create();
  const at = openTally(tally, 1);
  for (const counter of counters) countOpened(tally, at, window.accept(counter, 0));
  return readTally(tally)[0]!.lost;
}

test("what was passed over is lost until it comes after all", () => {
  expect(tallyOf([0, 1, 2])).toBe(0);
  expect(tallyOf([0, 3])).toBe(2);
  expect(tallyOf([0, 3, 1, 2])).toBe(0);
  expect(tallyOf([2, 0, 1])).toBe(0);
  expect(tallyOf([5])).toBe(5);
  expect(tallyOf([0, 100_000])).toBe(99_999);
});

test("each epoch is counted by itself, and the newest sixty-four are kept", () => {
  const tally = create();
  const first = openTally(tally, 1);
  countOpened(tally, first, 0);
  countUndecryptable(tally, first);
  const second = openTally(tally, 2);
  countOpened(tally, second, 3);
  expect(openTally(tally, 1)).toBe(first);
  expect(readTally(tally)).toEqual([
    { epoch: 1, opened: 1, lost: 0, undecryptable: 1 },
    { epoch: 2, opened: 1, lost: 3, undecryptable: 0 },
  ]);
  openTally(tally, 65);
  expect(readTally(tally).map(({ epoch }) => epoch)).toEqual([65, 2]);
});
