import fc from "fast-check";
import { expect, test } from "vitest";
import {
  copyBytes,
  equalBytes,
  readI32,
  readU8,
  readU16,
  readU24,
  readU32,
  writeU8,
  writeU16,
  writeU24,
  writeU32,
} from "./field.ts";
import { encodeOnPoison } from "./testing/encode-on-poison.ts";

test.each([
  [1, readU8, writeU8],
  [2, readU16, writeU16],
  [3, readU24, writeU24],
  [4, readU32, writeU32],
] as const)("a field of %d bytes is big-endian and unsigned", (size, read, write) => {
  fc.assert(
    fc.property(fc.bigInt({ min: 0n, max: (1n << BigInt(size * 8)) - 1n }), (big) => {
      const value = Number(big);
      const bytes = encodeOnPoison(size, (buf, offset) => write(buf, offset, value));
      expect(Buffer.from(bytes).readUIntBE(0, size)).toBe(value);
      expect(read(bytes, 0)).toBe(value);
    }),
  );
});

test("readI32 reads the same bits as readU32", () => {
  fc.assert(
    fc.property(fc.integer(), (value) => {
      const bytes = encodeOnPoison(4, (buf, offset) => writeU32(buf, offset, value));
      expect(readI32(bytes, 0)).toBe(value);
      expect(readU32(bytes, 0)).toBe(value >>> 0);
    }),
  );
});

test("copyBytes and equalBytes touch the given range only", () => {
  const from = Uint8Array.of(1, 2, 3, 4, 5);
  const to = new Uint8Array(6).fill(9);
  copyBytes(to, 2, from, 1, 3);
  expect([...to]).toEqual([9, 9, 2, 3, 4, 9]);
  expect(equalBytes(to, 2, from, 1, 3)).toBe(true);
  expect(equalBytes(to, 2, from, 1, 4)).toBe(false);
});
