import fc from "fast-check";
import { expect, test } from "vitest";
import { readU16 } from "./field.ts";
import {
  checkTcp,
  encodeTcp,
  TCP_CHECKSUM,
  TCP_DATA_OFFSET,
  TCP_HEADER,
  TCP_WINDOW,
  tcpAcknowledgment,
  tcpDstPort,
  tcpFlags,
  tcpHeaderLength,
  tcpSequence,
  tcpSrcPort,
} from "./tcp.ts";
import { encodeOnPoison } from "./testing/encode-on-poison.ts";
import { goldenWith, transportOf } from "./testing/golden-packets.ts";
import { guardedBuffer } from "./testing/guarded-buffer.ts";

const segments = goldenWith("tcp").map((row) => ({ ...row, segment: transportOf(row.bytes) }));

test.each(segments)("the header of $name is read", ({ segment, fields }) => {
  const { buf, offset, length } = guardedBuffer(segment);
  expect(checkTcp(buf, offset, length)).toBe(fields.headerLength);
  expect({
    srcPort: tcpSrcPort(buf, offset),
    dstPort: tcpDstPort(buf, offset),
    sequence: tcpSequence(buf, offset),
    acknowledgment: tcpAcknowledgment(buf, offset),
    headerLength: tcpHeaderLength(buf, offset),
    flags: tcpFlags(buf, offset),
    window: readU16(buf, offset + TCP_WINDOW),
    checksum: readU16(buf, offset + TCP_CHECKSUM),
  }).toEqual(fields);
});

test.each(segments.filter((row) => row.fields.headerLength === TCP_HEADER))(
  "the header of $name is written",
  ({ segment, fields }) => {
    const written = encodeOnPoison(TCP_HEADER, (buf, offset) => encodeTcp(buf, offset, fields));
    expect(written).toEqual(segment.slice(0, TCP_HEADER));
  },
);

test("a header shorter than 20 bytes or longer than what arrived is refused", () => {
  const verdict = (words: number, length: number) => {
    const segment = new Uint8Array(64);
    segment[TCP_DATA_OFFSET] = words << 4;
    return checkTcp(segment, 0, length);
  };
  expect([verdict(4, 60), verdict(5, 20), verdict(6, 20), verdict(15, 59), verdict(15, 60)]).toEqual([0, 20, 0, 0, 60]);
});

test("checkTcp never reads outside and never promises more header than there is", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 70 }), (bytes) => {
      const { buf, offset, length } = guardedBuffer(bytes);
      const header = checkTcp(buf, offset, length);
      if (header === 0) return;
      tcpFlags(buf, offset);
      expect(header).toBeGreaterThanOrEqual(TCP_HEADER);
      expect(header).toBeLessThanOrEqual(length);
    }),
  );
});
