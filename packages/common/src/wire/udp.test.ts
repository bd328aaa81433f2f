import fc from "fast-check";
import { expect, test } from "vitest";
import { readU16 } from "./field.ts";
import { encodeOnPoison } from "./testing/encode-on-poison.ts";
import { goldenWith, transportOf } from "./testing/golden-packets.ts";
import { guardedBuffer } from "./testing/guarded-buffer.ts";
import {
  checkUdp,
  encodeUdp,
  UDP_CHECKSUM,
  UDP_HEADER,
  udpChecksumOnWire,
  udpDstPort,
  udpLength,
  udpSrcPort,
} from "./udp.ts";

const plain = ["ipv4-udp", "ipv4-options", "ipv6-udp"];
const datagrams = goldenWith("udp")
  .filter((row) => plain.includes(row.name))
  .map((row) => ({ ...row, datagram: transportOf(row.bytes) }));

test("there are golden datagrams", () => expect(datagrams).toHaveLength(plain.length));

test.each(datagrams)("the header of $name is read and written", ({ datagram, fields }) => {
  const { buf, offset, length } = guardedBuffer(datagram);
  expect(checkUdp(buf, offset, length)).toBe(true);
  expect({
    srcPort: udpSrcPort(buf, offset),
    dstPort: udpDstPort(buf, offset),
    length: udpLength(buf, offset),
    checksum: readU16(buf, offset + UDP_CHECKSUM),
  }).toEqual(fields);
  const written = encodeOnPoison(UDP_HEADER, (out, at) => encodeUdp(out, at, fields));
  expect(written).toEqual(datagram.slice(0, UDP_HEADER));
});

test("a length field below 8 or beyond what arrived is refused", () => {
  const datagram = (length: number) => {
    const buf = new Uint8Array(12);
    encodeUdp(buf, 0, { srcPort: 1, dstPort: 2, length, checksum: 0 });
    return checkUdp(buf, 0, 12);
  };
  expect([7, 8, 12, 13].map(datagram)).toEqual([false, true, true, false]);
});

test("checkUdp never reads outside", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 20 }), (bytes) => {
      const { buf, offset, length } = guardedBuffer(bytes);
      if (checkUdp(buf, offset, length)) expect(udpLength(buf, offset)).toBeLessThanOrEqual(length);
    }),
  );
});

test("a computed checksum of 0 goes out as 0xffff", () => {
  expect(udpChecksumOnWire(0)).toBe(0xffff);
  expect(udpChecksumOnWire(1)).toBe(1);
});
