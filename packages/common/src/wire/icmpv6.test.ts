import fc from "fast-check";
import { expect, test } from "vitest";
import { readU16, readU32 } from "./field.ts";
import {
  checkIcmpv6,
  encodeIcmpv6,
  ICMPV6_CHECKSUM,
  ICMPV6_HEADER,
  ICMPV6_REST,
  icmpv6Code,
  icmpv6Type,
  isIcmpv6Error,
} from "./icmpv6.ts";
import { IPV6_HEADER } from "./ipv6.ts";
import { encodeOnPoison } from "./testing/encode-on-poison.ts";
import { goldenWith } from "./testing/golden-packets.ts";
import { guardedBuffer } from "./testing/guarded-buffer.ts";

test.each(goldenWith("icmpv6"))("the header of $name is read and written", ({ bytes, fields }) => {
  const { buf, offset, length } = guardedBuffer(bytes.subarray(IPV6_HEADER));
  expect(checkIcmpv6(buf, offset, length)).toBe(true);
  const checksum = readU16(buf, offset + ICMPV6_CHECKSUM);
  expect({ type: icmpv6Type(buf, offset), code: icmpv6Code(buf, offset), checksum }).toEqual(fields);

  const written = encodeOnPoison(bytes.length, (out, at) => {
    out.set(bytes.subarray(0, IPV6_HEADER), at);
    out.set(bytes.subarray(IPV6_HEADER + ICMPV6_HEADER), at + IPV6_HEADER + ICMPV6_HEADER);
    const rest = readU32(bytes, IPV6_HEADER + ICMPV6_REST);
    encodeIcmpv6(out, at + IPV6_HEADER, at, length - ICMPV6_HEADER, { ...fields, rest });
  });
  expect(written).toEqual(bytes);
});

test("errors are below 128, and a redirect counts as one", () => {
  expect([1, 2, 3, 4, 127, 137].map(isIcmpv6Error)).not.toContain(false);
  expect([128, 129, 133, 134, 135, 136].map(isIcmpv6Error)).not.toContain(true);
});

test("checkIcmpv6 never reads outside", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 12 }), (bytes) => {
      const { buf, offset, length } = guardedBuffer(bytes);
      expect(checkIcmpv6(buf, offset, length)).toBe(bytes.length >= ICMPV6_HEADER);
    }),
  );
});
