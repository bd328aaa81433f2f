import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { addressToU32, parseAddress } from "../net/address.ts";
import { checksum } from "./checksum.ts";
import { readU16 } from "./field.ts";
import {
  checkIpv4,
  encodeIpv4,
  IPV4_FRAGMENT,
  IPV4_HEADER,
  IPV4_TOS,
  ipv4DontFragment,
  ipv4Dst,
  ipv4Id,
  ipv4IsFragment,
  ipv4IsLaterFragment,
  ipv4Protocol,
  ipv4Src,
  ipv4TotalLength,
  ipv4Ttl,
} from "./ipv4.ts";
import { encodeOnPoison } from "./testing/encode-on-poison.ts";
import { golden, goldenWith } from "./testing/golden-packets.ts";
import { guardedBuffer } from "./testing/guarded-buffer.ts";

const whole = goldenWith("ipv4").filter((row) => !row.name.startsWith("vxlan"));
const u32 = (text: string) => addressToU32(parseAddress(text));

describe("the golden packets", () => {
  test.each(whole)("$name is read", ({ bytes, fields }) => {
    const { buf, offset, length } = guardedBuffer(bytes);
    expect(checkIpv4(buf, offset, length)).toBe(fields.headerLength);
    expect({
      headerLength: checkIpv4(buf, offset, length),
      tos: buf[offset + IPV4_TOS],
      totalLength: ipv4TotalLength(buf, offset),
      id: ipv4Id(buf, offset),
      fragment: readU16(buf, offset + IPV4_FRAGMENT),
      ttl: ipv4Ttl(buf, offset),
      protocol: ipv4Protocol(buf, offset),
      checksum: fields.checksum,
      src: ipv4Src(buf, offset),
      dst: ipv4Dst(buf, offset),
    }).toEqual({ ...fields, src: u32(fields.src), dst: u32(fields.dst) });
    expect(checksum(buf, offset, fields.headerLength)).toBe(0);
  });

  test.each(whole.filter((row) => row.fields.headerLength === IPV4_HEADER))("$name is written", ({ bytes, fields }) => {
    const written = encodeOnPoison(IPV4_HEADER, (buf, offset) =>
      encodeIpv4(buf, offset, { ...fields, src: u32(fields.src), dst: u32(fields.dst) }),
    );
    expect(written).toEqual(bytes.slice(0, IPV4_HEADER));
  });
});

test.each([
  ["ipv4-tcp-syn", true, false, false],
  ["ipv4-udp", false, false, false],
  ["ipv4-first-fragment", false, true, false],
  ["ipv4-later-fragment", false, true, true],
])("%s: don't fragment %s, fragment %s, later fragment %s", (name, dontFragment, fragment, later) => {
  const packet = golden(name);
  expect(ipv4DontFragment(packet, 0)).toBe(dontFragment);
  expect(ipv4IsFragment(packet, 0)).toBe(fragment);
  expect(ipv4IsLaterFragment(packet, 0)).toBe(later);
});

describe("checkIpv4 refuses", () => {
  const changed = (at: number, value: number) => {
    const packet = golden("ipv4-udp"); // 33 bytes
    packet[at] = value;
    return checkIpv4(packet, 0, packet.length);
  };
  test("another version", () => expect(changed(0, 0x65)).toBe(0));
  test("a header shorter than 20 bytes", () => expect(changed(0, 0x44)).toBe(0));
  test("a header longer than the packet", () => expect(changed(0, 0x4f)).toBe(0));
  test("a total length beyond what arrived", () => expect(changed(3, 34)).toBe(0));
  test("a total length within the header", () => expect(changed(3, 19)).toBe(0));
  test("nothing when Ethernet has padded the packet", () => expect(changed(3, 32)).toBe(20));
});

test("checkIpv4 never reads outside, whatever arrives", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 80 }), fc.boolean(), (bytes, nearlyRight) => {
      if (nearlyRight && bytes.length > 3) bytes.set([0x40 | (bytes[0]! & 0xf), 0, 0, bytes[3]! % 81], 0);
      const { buf, offset, length } = guardedBuffer(bytes);
      const header = checkIpv4(buf, offset, length);
      if (header === 0) return;
      ipv4Dst(buf, offset);
      expect(header).toBeGreaterThanOrEqual(IPV4_HEADER);
      expect(header).toBeLessThanOrEqual(ipv4TotalLength(buf, offset));
      expect(ipv4TotalLength(buf, offset)).toBeLessThanOrEqual(length);
    }),
  );
});
