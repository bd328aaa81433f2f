import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { addressToU32, parseAddress } from "../net/address.ts";
import { checksum, finishChecksum, pseudoHeaderSum6, sumBytes } from "./checksum.ts";
import { writeU16, writeU32 } from "./field.ts";
import { checkIpv4, IPV4_DST, IPV4_FRAGMENT, IPV4_PROTOCOL, IPV4_SRC, ipv4TotalLength } from "./ipv4.ts";
import { checkIpv6, IPV6_DST, IPV6_SRC } from "./ipv6.ts";
import { buildTooBig4, buildTooBig6, TOO_BIG_MAX } from "./packet-too-big.ts";
import { encodeOnPoison } from "./testing/encode-on-poison.ts";
import { golden } from "./testing/golden-packets.ts";
import { guardedBuffer } from "./testing/guarded-buffer.ts";

const node4 = addressToU32(parseAddress("10.244.1.1"));
const node6 = parseAddress("fd00:77:0:1::1").bytes;

/** Length of the answer to a changed packet; the output stays poisoned when there is none. */
function answer4(name: string, change: (packet: Uint8Array) => void = () => {}): number {
  const packet = golden(name);
  change(packet);
  const out = new Uint8Array(TOO_BIG_MAX).fill(0xa5);
  const length = buildTooBig4(out, 0, packet, 0, packet.length, node4, 1450);
  if (length === 0) expect(out.every((byte) => byte === 0xa5)).toBe(true);
  return length;
}

function answer6(name: string, change: (packet: Uint8Array) => void = () => {}): number {
  const packet = golden(name);
  change(packet);
  const out = new Uint8Array(TOO_BIG_MAX).fill(0xa5);
  const length = buildTooBig6(out, 0, packet, 0, packet.length, node6, 0, 1430);
  if (length === 0) expect(out.every((byte) => byte === 0xa5)).toBe(true);
  return length;
}

const dontFragment = (packet: Uint8Array) => writeU16(packet, IPV4_FRAGMENT, 0x4000);

describe("buildTooBig4", () => {
  test("builds the golden answer, byte for byte", () => {
    const big = guardedBuffer(golden("big-ipv4"));
    const expected = golden("big-ipv4-answer");
    const built = encodeOnPoison(expected.length, (out, at) => {
      expect(buildTooBig4(out, at, big.buf, big.offset, big.length, node4, 1450)).toBe(expected.length);
    });
    expect(built).toEqual(expected);
  });

  test("quotes a packet that is shorter than what may be quoted to its end, and no padding", () => {
    expect(answer4("ipv4-tcp-syn")).toBe(28 + 48);
  });

  test("answers about the first fragment, an echo request and a packet with options", () => {
    expect(answer4("ipv4-first-fragment", (p) => writeU16(p, IPV4_FRAGMENT, 0x6000))).toBeGreaterThan(0);
    expect(answer4("ipv4-echo", dontFragment)).toBeGreaterThan(0);
    expect(answer4("ipv4-options", dontFragment)).toBeGreaterThan(0);
  });

  test("does not answer about a packet that may be fragmented", () => {
    expect(answer4("ipv4-udp")).toBe(0);
  });

  test("does not answer about a later fragment", () => {
    expect(answer4("ipv4-later-fragment", (p) => writeU16(p, IPV4_FRAGMENT, 0x4002))).toBe(0);
  });

  test("does not answer about an ICMP error", () => {
    expect(answer4("ipv4-fragmentation-needed", dontFragment)).toBe(0);
  });

  test("does not answer about an ICMP message that is shorter than its header, nor does buildTooBig6", () => {
    expect(
      answer4("ipv4-udp", (p) => {
        dontFragment(p);
        p[IPV4_PROTOCOL] = 1;
        p[20] = 8; // looks like an echo request
        writeU16(p, 2, 24);
      }),
    ).toBe(0);
    expect(
      answer6("ipv6-echo", (p) => {
        p[5] = 4;
      }),
    ).toBe(0);
  });

  test.each(["0.0.0.0", "0.1.2.3", "127.0.0.1", "224.0.0.1", "240.0.0.1", "255.255.255.255"])(
    "does not answer to %s, which is no single host",
    (src) => {
      expect(answer4("big-ipv4", (p) => writeU32(p, IPV4_SRC, addressToU32(parseAddress(src))))).toBe(0);
    },
  );

  test.each(["224.0.0.251", "239.1.1.1", "255.255.255.255"])(
    "does not answer about a packet to the group %s",
    (dst) => {
      expect(answer4("big-ipv4", (p) => writeU32(p, IPV4_DST, addressToU32(parseAddress(dst))))).toBe(0);
    },
  );

  test("does not answer about a malformed packet", () => {
    expect(answer4("big-ipv4", (p) => writeU16(p, 2, 1501))).toBe(0);
  });

  test("every answer is a right packet and never the subject of another answer", () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 20, maxLength: 700 }), (bytes) => {
        bytes[0] = 0x45 + (bytes[0]! % 3);
        writeU16(bytes, 2, bytes.length);
        writeU16(bytes, IPV4_FRAGMENT, 0x4000);
        const packet = guardedBuffer(bytes);
        const out = new Uint8Array(TOO_BIG_MAX);
        const length = buildTooBig4(out, 0, packet.buf, packet.offset, packet.length, node4, 1450);
        if (length === 0) return;
        expect(checkIpv4(out, 0, length)).toBe(20);
        expect(ipv4TotalLength(out, 0)).toBe(length);
        expect(length).toBeLessThanOrEqual(576);
        expect(checksum(out, 0, 20)).toBe(0);
        expect(checksum(out, 20, length - 20)).toBe(0);
        expect(buildTooBig4(new Uint8Array(TOO_BIG_MAX), 0, out, 0, length, node4, 100)).toBe(0);
      }),
    );
  });
});

describe("buildTooBig6", () => {
  test("builds the golden answer, byte for byte", () => {
    const big = guardedBuffer(golden("big-ipv6"));
    const expected = golden("big-ipv6-answer");
    expect(expected).toHaveLength(TOO_BIG_MAX);
    const built = encodeOnPoison(expected.length, (out, at) => {
      expect(buildTooBig6(out, at, big.buf, big.offset, big.length, node6, 0, 1430)).toBe(expected.length);
    });
    expect(built).toEqual(expected);
  });

  test("answers about the first fragment, an echo request, and behind extension headers", () => {
    expect(answer6("ipv6-first-fragment")).toBeGreaterThan(0);
    expect(answer6("ipv6-echo")).toBe(40 + 8 + golden("ipv6-echo").length);
    expect(answer6("ipv6-extensions")).toBeGreaterThan(0);
  });

  test("does not answer about a later fragment", () => {
    expect(answer6("ipv6-later-fragment")).toBe(0);
  });

  test("does not answer about an ICMPv6 error or a redirect", () => {
    expect(answer6("ipv6-packet-too-big")).toBe(0);
    expect(
      answer6("ipv6-echo", (p) => {
        p[40] = 137;
      }),
    ).toBe(0);
  });

  test.each(["::", "::1", "ff02::1"])("does not answer to %s, which is no single host", (src) => {
    expect(answer6("big-ipv6", (p) => p.set(parseAddress(src).bytes, IPV6_SRC))).toBe(0);
  });

  test("does not answer about a packet to a group", () => {
    expect(answer6("big-ipv6", (p) => p.set(parseAddress("ff05::2").bytes, IPV6_DST))).toBe(0);
  });

  test("does not answer about a chain of headers that hides the transport", () => {
    expect(
      answer6("ipv6-extensions", (p) => {
        p[41] = 200;
      }),
    ).toBe(0);
  });

  test("every answer is a right packet and never the subject of another answer", () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 40, maxLength: 1400 }), (bytes) => {
        bytes[0] = 0x60;
        writeU16(bytes, 4, bytes.length - 40);
        const packet = guardedBuffer(bytes);
        const out = new Uint8Array(TOO_BIG_MAX);
        const length = buildTooBig6(out, 0, packet.buf, packet.offset, packet.length, node6, 0, 1430);
        if (length === 0) return;
        expect(checkIpv6(out, 0, length)).toBe(40);
        const body = length - 40;
        expect(finishChecksum(sumBytes(out, 40, body, pseudoHeaderSum6(out, 0, 58, body)))).toBe(0);
        expect(buildTooBig6(new Uint8Array(TOO_BIG_MAX), 0, out, 0, length, node6, 0, 1280)).toBe(0);
      }),
    );
  });
});
