import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  checksum,
  finishChecksum,
  foldSum,
  pseudoHeaderSum4,
  pseudoHeaderSum6,
  sumBytes,
  updateChecksum16,
  updateChecksum32,
} from "./checksum.ts";
import { writeU16, writeU32 } from "./field.ts";
import { golden } from "./testing/golden-packets.ts";

/** The definition, without any shortcut: add with end-around carry, invert. */
function naive(bytes: Uint8Array): number {
  let sum = 0;
  for (let i = 0; i < bytes.length; i += 2) {
    sum += (bytes[i]! << 8) + (bytes[i + 1] ?? 0);
    if (sum > 0xffff) sum -= 0xffff;
  }
  return sum ^ 0xffff;
}

describe("checksum", () => {
  test("agrees with the worked example of RFC 1071 §3", () => {
    const example = Uint8Array.of(0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7);
    expect(foldSum(sumBytes(example, 0, 8))).toBe(0xddf2);
    expect(checksum(example, 0, 8)).toBe(0x220d);
  });

  test("equals the definition at any offset and length, odd ones too", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.nat({ max: 9 }), (bytes, offset) => {
        const buf = new Uint8Array(offset + bytes.length + 3).fill(0xa5);
        buf.set(bytes, offset);
        expect(checksum(buf, offset, bytes.length)).toBe(naive(bytes));
      }),
    );
  });

  test("does not overflow on 128 KiB of 0xff", () => {
    expect(checksum(new Uint8Array(131072).fill(0xff), 0, 131072)).toBe(0);
  });

  test("may be summed in pieces that end on even bytes", () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 8, maxLength: 64 }), fc.nat({ max: 4 }), (bytes, words) => {
        const first = sumBytes(bytes, 0, words * 2);
        const all = sumBytes(bytes, words * 2, bytes.length - words * 2, first);
        expect(finishChecksum(all)).toBe(checksum(bytes, 0, bytes.length));
      }),
    );
  });
});

describe("pseudo headers", () => {
  test.each([
    ["ipv4-tcp-syn", 20, 6],
    ["ipv4-tcp-data", 20, 6], // odd length
    ["ipv4-udp", 20, 17],
    ["ipv4-options", 24, 17],
    ["big-ipv4", 20, 6],
  ])("make the transport checksum of %s come out as 0", (name, at, protocol) => {
    const packet = golden(name);
    const length = packet.length - at;
    expect(finishChecksum(sumBytes(packet, at, length, pseudoHeaderSum4(packet, 0, protocol, length)))).toBe(0);
  });

  test.each([
    ["ipv6-tcp-syn", 40, 6],
    ["ipv6-udp", 40, 17],
    ["ipv6-echo", 40, 58],
    ["ipv6-extensions", 64, 17],
    ["big-ipv6", 40, 6],
  ])("make the transport checksum of %s come out as 0", (name, at, protocol) => {
    const packet = golden(name);
    const length = packet.length - at;
    expect(finishChecksum(sumBytes(packet, at, length, pseudoHeaderSum6(packet, 0, protocol, length)))).toBe(0);
  });
});

describe("incremental update", () => {
  test("agrees with the worked example of RFC 1624 §4, where RFC 1141 is wrong", () => {
    expect(updateChecksum16(0xdd2f, 0x5555, 0x3285)).toBe(0x0000);
  });

  // A sum of +0 exists only for all-zero bytes, which no packet is: the first word is kept off zero.
  const header = fc.uint8Array({ minLength: 12, maxLength: 12 }).map((bytes) => bytes.fill(0x45, 0, 1));

  test("of 16 bits equals a new computation", () => {
    fc.assert(
      fc.property(header, fc.integer({ min: 1, max: 5 }), fc.nat({ max: 0xffff }), (bytes, word, to) => {
        const old = checksum(bytes, 0, 12);
        const from = (bytes[word * 2]! << 8) | bytes[word * 2 + 1]!;
        writeU16(bytes, word * 2, to);
        expect(updateChecksum16(old, from, to)).toBe(checksum(bytes, 0, 12));
      }),
    );
  });

  test("of 32 bits equals a new computation", () => {
    fc.assert(
      fc.property(header, fc.constantFrom(2, 4, 8), fc.nat({ max: 0xffffffff }), (bytes, at, to) => {
        const old = checksum(bytes, 0, 12);
        const from = new DataView(bytes.buffer, bytes.byteOffset).getUint32(at);
        writeU32(bytes, at, to);
        expect(updateChecksum32(old, from, to)).toBe(checksum(bytes, 0, 12));
      }),
    );
  });
});
