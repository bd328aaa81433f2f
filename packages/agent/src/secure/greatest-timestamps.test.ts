import { expect, test } from "vitest";
import { GreatestTimestamps, toBase64 } from "./greatest-timestamps.ts";
import { tai64n } from "./handshake/tai64n.ts";

const NOW = Date.UTC(2026, 5, 1);
const TEN_YEARS_MS = 3_652 * 86_400_000;
const key = (n: number) => toBase64(new Uint8Array(32).fill(n));

test("only a later timestamp than the greatest is new, for each key by itself", () => {
  const greatest = new GreatestTimestamps();
  expect(greatest.take(key(1), tai64n(NOW), NOW)).toBe("new");
  expect(greatest.take(key(1), tai64n(NOW), NOW)).toBe("replayed");
  expect(greatest.take(key(1), tai64n(NOW - 100), NOW)).toBe("replayed");
  expect(greatest.take(key(2), tai64n(NOW - 100), NOW)).toBe("new");
  expect(greatest.take(key(1), tai64n(NOW + 100), NOW)).toBe("new");
});

test("a timestamp ten minutes ahead is refused and does not count for the next", () => {
  const greatest = new GreatestTimestamps();
  expect(greatest.take(key(1), tai64n(NOW + 599_000), NOW)).toBe("new");
  expect(greatest.take(key(1), tai64n(NOW + 601_000), NOW)).toBe("future");
  expect(greatest.take(key(1), new Uint8Array(12).fill(0xff), NOW)).toBe("future");
  expect(greatest.take(key(1), tai64n(NOW + 600_000), NOW)).toBe("new");
});

test("what was taken while both clocks were ten years ahead locks nobody out once they are right", () => {
  const greatest = new GreatestTimestamps();
  const later = NOW + TEN_YEARS_MS;
  expect(greatest.take(key(1), tai64n(later), later)).toBe("new");
  expect(greatest.take(key(1), tai64n(NOW), NOW)).toBe("new");
  expect(greatest.take(key(1), tai64n(NOW), NOW)).toBe("replayed");
  expect(greatest.take(key(1), tai64n(later), NOW)).toBe("future");
});

test("after a restart, recorded initiations are refused as before", () => {
  const before = new GreatestTimestamps();
  before.take(key(1), tai64n(NOW), NOW);
  const after = new GreatestTimestamps();
  expect(after.restore(JSON.parse(JSON.stringify(before.snapshot())), NOW)).toBe(0);
  expect(after.take(key(1), tai64n(NOW), NOW)).toBe("replayed");
  expect(after.take(key(1), tai64n(NOW + 20), NOW)).toBe("new");
});

test("entries of the future are counted, ignored, and good again once the clock has come to them", () => {
  const record = { [key(1)]: toBase64(tai64n(NOW + TEN_YEARS_MS)), [key(2)]: toBase64(tai64n(NOW)) };
  const greatest = new GreatestTimestamps();
  expect(greatest.restore(record, NOW)).toBe(1);
  // A clock that starts in 1970 and is set right a moment later must not have thrown them away.
  const early = new GreatestTimestamps();
  expect(early.restore(record, 0)).toBe(2);
  expect(early.take(key(2), tai64n(NOW - 1_000), NOW)).toBe("replayed");
});

test("a damaged record is refused, not taken for an empty one", () => {
  const greatest = new GreatestTimestamps();
  for (const record of [{ [key(1)]: "AAAA" }, { x: toBase64(tai64n(NOW)) }]) {
    expect(() => greatest.restore(record, NOW)).toThrow(expect.objectContaining({ code: "state-corrupt" }));
  }
});

test("the table is bounded: what was renewed longest ago goes first", () => {
  const greatest = new GreatestTimestamps(3);
  [1, 2, 3, 1, 4].forEach((n, i) => void greatest.take(key(n), tai64n(NOW + i * 50), NOW));
  expect(Object.keys(greatest.snapshot()).sort()).toEqual([key(1), key(3), key(4)].sort());
});
