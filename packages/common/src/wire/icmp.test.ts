import fc from "fast-check";
import { expect, test } from "vitest";
import { readU16, readU32 } from "./field.ts";
import {
  checkIcmp,
  encodeIcmp,
  ICMP_CHECKSUM,
  ICMP_HEADER,
  ICMP_REST,
  icmpCode,
  icmpType,
  isIcmpError,
} from "./icmp.ts";
import { encodeOnPoison } from "./testing/encode-on-poison.ts";
import { goldenWith, transportOf } from "./testing/golden-packets.ts";
import { guardedBuffer } from "./testing/guarded-buffer.ts";

test.each(goldenWith("icmp"))("the header of $name is read and written", ({ bytes, fields }) => {
  const message = transportOf(bytes);
  const { buf, offset, length } = guardedBuffer(message);
  expect(checkIcmp(buf, offset, length)).toBe(true);
  const checksum = readU16(buf, offset + ICMP_CHECKSUM);
  expect({ type: icmpType(buf, offset), code: icmpCode(buf, offset), checksum }).toEqual(fields);

  const written = encodeOnPoison(length, (out, at) => {
    out.set(message.subarray(ICMP_HEADER), at + ICMP_HEADER);
    encodeIcmp(out, at, length - ICMP_HEADER, { ...fields, rest: readU32(message, ICMP_REST) });
  });
  expect(written).toEqual(message);
});

test("only known queries are no errors", () => {
  const queries = Array.from({ length: 256 }, (_, type) => type).filter((type) => !isIcmpError(type));
  expect(queries).toEqual([0, 8, 9, 10, 13, 14, 42, 43]);
});

test("checkIcmp never reads outside", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 12 }), (bytes) => {
      const { buf, offset, length } = guardedBuffer(bytes);
      expect(checkIcmp(buf, offset, length)).toBe(bytes.length >= ICMP_HEADER);
    }),
  );
});
