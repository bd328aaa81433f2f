import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { formatAddress, parseAddress } from "../net/address.ts";
import { readU16, readU32 } from "./field.ts";
import { PROTOCOL_UDP } from "./ip-protocol.ts";
import {
  checkIpv6,
  encodeIpv6,
  findIpv6Transport,
  IPV6_DST,
  IPV6_HEADER,
  IPV6_NO_TRANSPORT,
  IPV6_PAYLOAD_LENGTH,
  IPV6_SRC,
  ipv6HopLimit,
  ipv6NextHeader,
  ipv6TotalLength,
  isFragment,
  isLaterFragment,
  transportOffset,
  transportProtocol,
} from "./ipv6.ts";
import { encodeOnPoison } from "./testing/encode-on-poison.ts";
import { golden, goldenWith } from "./testing/golden-packets.ts";
import { guardedBuffer } from "./testing/guarded-buffer.ts";

const whole = goldenWith("ipv6").filter((row) => !row.name.startsWith("vxlan"));

describe("the golden packets", () => {
  test.each(whole)("$name is read", ({ bytes, fields }) => {
    const { buf, offset, length } = guardedBuffer(bytes);
    const address = (at: number) =>
      formatAddress({ family: 6, bytes: Uint8Array.from({ length: 16 }, (_, i) => buf[offset + at + i]!) });
    expect(checkIpv6(buf, offset, length)).toBe(IPV6_HEADER);
    expect({
      trafficClass: (readU16(buf, offset) >>> 4) & 0xff,
      flowLabel: readU32(buf, offset) & 0xfffff,
      payloadLength: readU16(buf, offset + IPV6_PAYLOAD_LENGTH),
      nextHeader: ipv6NextHeader(buf, offset),
      hopLimit: ipv6HopLimit(buf, offset),
      src: address(IPV6_SRC),
      dst: address(IPV6_DST),
    }).toEqual(fields);
  });

  test.each(whole)("$name is written", ({ bytes, fields }) => {
    const written = encodeOnPoison(IPV6_HEADER, (buf, offset) =>
      encodeIpv6(buf, offset, {
        ...fields,
        src: parseAddress(fields.src).bytes,
        srcOffset: 0,
        dst: bytes,
        dstOffset: IPV6_DST,
      }),
    );
    expect(written).toEqual(bytes.slice(0, IPV6_HEADER));
  });
});

describe("findIpv6Transport", () => {
  test.each([
    ["ipv6-tcp-syn", 6, 40, false, false],
    ["ipv6-extensions", 17, 64, false, false],
    ["ipv6-authentication", 17, 64, false, false],
    ["ipv6-first-fragment", 17, 48, true, false],
    ["ipv6-later-fragment", 17, 48, true, true],
    ["ipv6-atomic-fragment", 17, 48, false, false],
  ])("%s: protocol %d at %d, fragment %s, later fragment %s", (name, protocol, at, fragment, later) => {
    const { buf, offset } = guardedBuffer(golden(name));
    const found = findIpv6Transport(buf, offset);
    expect(found).not.toBe(IPV6_NO_TRANSPORT);
    expect(transportProtocol(found)).toBe(protocol);
    expect(transportOffset(found)).toBe(at);
    expect(isFragment(found)).toBe(fragment);
    expect(isLaterFragment(found)).toBe(later);
  });

  /** A packet of `count` destination-options headers of 8 bytes and a UDP header. */
  const chain = (count: number, bytesLeft = 8) => {
    const packet = new Uint8Array(IPV6_HEADER + count * 8 + bytesLeft);
    const zeros = new Uint8Array(16);
    encodeIpv6(packet, 0, {
      trafficClass: 0,
      flowLabel: 0,
      payloadLength: packet.length - IPV6_HEADER,
      nextHeader: count > 0 ? 60 : PROTOCOL_UDP,
      hopLimit: 1,
      src: zeros,
      srcOffset: 0,
      dst: zeros,
      dstOffset: 0,
    });
    for (let i = 0; i < count; i++) packet[IPV6_HEADER + i * 8] = i + 1 < count ? 60 : PROTOCOL_UDP;
    return packet;
  };

  test("follows eight extension headers and gives up at the ninth", () => {
    expect(transportOffset(findIpv6Transport(chain(8), 0))).toBe(IPV6_HEADER + 64);
    expect(findIpv6Transport(chain(9), 0)).toBe(IPV6_NO_TRANSPORT);
  });

  test("gives up when an extension header is longer than the packet", () => {
    const packet = chain(1);
    packet[IPV6_HEADER + 1] = 2;
    expect(findIpv6Transport(packet, 0)).toBe(IPV6_NO_TRANSPORT);
  });

  test("takes the first 8 bytes of offset for a later fragment", () => {
    const packet = golden("ipv6-later-fragment");
    packet[IPV6_HEADER + 3] = 0x08;
    expect(isLaterFragment(findIpv6Transport(packet, 0))).toBe(true);
    packet[IPV6_HEADER + 3] = 0x06; // the two reserved bits alone
    expect(isFragment(findIpv6Transport(packet, 0))).toBe(false);
  });

  test("gives up when a fragment header is cut short", () => {
    const packet = golden("ipv6-later-fragment").slice(0, IPV6_HEADER + 7);
    packet[IPV6_PAYLOAD_LENGTH + 1] = 7;
    expect(findIpv6Transport(packet, 0)).toBe(IPV6_NO_TRANSPORT);
  });

  test("gives up when a chain ends in the middle of a header", () => {
    const packet = chain(1, 4);
    packet[IPV6_HEADER] = 60;
    expect(findIpv6Transport(packet, 0)).toBe(IPV6_NO_TRANSPORT);
  });
});

describe("checkIpv6 refuses", () => {
  const packet = golden("ipv6-udp");
  test("another version", () => expect(checkIpv6(golden("ipv4-tcp-syn"), 0, 48)).toBe(0));
  test("a packet cut short in its header", () => expect(checkIpv6(packet, 0, 39)).toBe(0));
  test("a packet cut short in its payload", () => expect(checkIpv6(packet, 0, packet.length - 1)).toBe(0));
  test("nothing when Ethernet has padded the packet", () => {
    expect(checkIpv6(packet, 0, packet.length + 5)).toBe(IPV6_HEADER);
  });
});

test("neither the check nor the walk reads outside, whatever arrives", () => {
  const kind = fc.constantFrom(0, 6, 17, 43, 44, 51, 58, 59, 60, 135, 139, 140, 255);
  const piece = fc.tuple(kind, fc.nat({ max: 3 }), fc.uint8Array({ minLength: 6, maxLength: 30 }));
  fc.assert(
    fc.property(kind, fc.array(piece, { maxLength: 10 }), fc.nat({ max: 12 }), (first, pieces, cut) => {
      const body = pieces.flatMap(([next, units, rest]) => [next, units, ...rest]);
      const bytes = new Uint8Array(IPV6_HEADER + body.length);
      bytes.set([0x60, 0, 0, 0, 0, 0, first]);
      bytes.set(body, IPV6_HEADER);
      const claimed = Math.max(0, body.length - cut);
      bytes[4] = claimed >>> 8;
      bytes[5] = claimed;
      const { buf, offset, length } = guardedBuffer(bytes.subarray(0, IPV6_HEADER + claimed));
      expect(checkIpv6(buf, offset, length)).toBe(IPV6_HEADER);
      const found = findIpv6Transport(buf, offset);
      if (found !== IPV6_NO_TRANSPORT) expect(transportOffset(found)).toBeLessThanOrEqual(ipv6TotalLength(buf, offset));
    }),
    { numRuns: 1000 },
  );
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
      const { buf, offset, length } = guardedBuffer(bytes);
      if (checkIpv6(buf, offset, length) !== 0) findIpv6Transport(buf, offset);
    }),
  );
});
