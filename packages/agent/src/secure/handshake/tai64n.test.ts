import fc from "fast-check";
import { expect, test } from "vitest";
import { isLater, tai64n, unixMsOf } from "./tai64n.ts";

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");
/** From 1970 to the year 2242, in milliseconds and parts of them. */
const moment = () => fc.double({ min: 0, max: 2 ** 33 * 1000, noNaN: true });

test.each([
  [0, "400000000000000a00000000"],
  [999, "400000000000000a3b000000"],
  [1_000, "400000000000000b00000000"],
  [1_800_000_000_500, "400000006b49d20a1d000000"],
  [2 ** 32 * 1000, "400000010000000a00000000"],
])("%f ms after 1970 is %s", (unixMs, text) => {
  expect(hex(tai64n(unixMs))).toBe(text);
});

test("a timestamp tells time to 16.8 ms and no finer", () => {
  expect(tai64n(1_000_001)).toEqual(tai64n(1_000_016));
  expect(isLater(tai64n(1_000_017), tai64n(1_000_001))).toBe(true);
  fc.assert(
    fc.property(moment(), (unixMs) => {
      const stamp = tai64n(unixMs);
      expect(hex(stamp.subarray(9))).toBe("000000");
      const lostMs = unixMs - unixMsOf(stamp);
      expect(lostMs).toBeGreaterThan(-0.01);
      expect(lostMs).toBeLessThan(16.8);
    }),
  );
});

test("later moments have later timestamps", () => {
  fc.assert(
    fc.property(moment(), moment(), (a, b) => {
      const [first, second] = a < b ? [a, b] : [b, a];
      expect(isLater(tai64n(first), tai64n(second))).toBe(false);
      if (second - first > 17) expect(isLater(tai64n(second), tai64n(first))).toBe(true);
    }),
  );
});

test("timestamps are ordered as big-endian numbers, whatever they are", () => {
  const stamp = () => fc.uint8Array({ minLength: 12, maxLength: 12 });
  fc.assert(
    fc.property(stamp(), stamp(), (a, b) => {
      expect(isLater(a, b)).toBe(Buffer.compare(a, b) > 0);
    }),
  );
  const same = tai64n(5);
  expect(isLater(same, same.slice())).toBe(false);
});

test("what is no time at all is far from every date", () => {
  expect(unixMsOf(new Uint8Array(12).fill(0xff))).toBeGreaterThan(1e20);
  expect(unixMsOf(new Uint8Array(12))).toBeLessThan(-1e20);
});
