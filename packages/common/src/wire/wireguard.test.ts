import fc from "fast-check";
import { expect, test } from "vitest";
import { encodeOnPoison } from "./testing/encode-on-poison.ts";
import { guardedBuffer } from "./testing/guarded-buffer.ts";
import {
  COOKIE_REPLY,
  COOKIE_REPLY_BYTES,
  COOKIE_REPLY_COOKIE,
  encodeTransport,
  INITIATION,
  INITIATION_BYTES,
  INITIATION_MAC1,
  INITIATION_MAC2,
  INITIATION_NOISE,
  KEEPALIVE_BYTES,
  RESPONSE,
  RESPONSE_BYTES,
  RESPONSE_MAC1,
  RESPONSE_MAC2,
  RESPONSE_NOISE,
  readU32Le,
  TRANSPORT,
  TRANSPORT_COUNTER,
  TRANSPORT_HEADER,
  TRANSPORT_RECEIVER,
  wireGuardType,
  writeU32Le,
} from "./wireguard.ts";

function typeOf(type: number, length: number): number {
  const bytes = new Uint8Array(Math.max(length, 4));
  writeU32Le(bytes, 0, type);
  const { buf, offset } = guardedBuffer(bytes.subarray(0, length));
  return wireGuardType(buf, offset, length);
}

test("each type has its length, and no other", () => {
  for (let length = 0; length < 300; length++) {
    expect(typeOf(INITIATION, length)).toBe(length === INITIATION_BYTES ? INITIATION : 0);
    expect(typeOf(RESPONSE, length)).toBe(length === RESPONSE_BYTES ? RESPONSE : 0);
    expect(typeOf(COOKIE_REPLY, length)).toBe(length === COOKIE_REPLY_BYTES ? COOKIE_REPLY : 0);
    expect(typeOf(TRANSPORT, length)).toBe(length >= KEEPALIVE_BYTES ? TRANSPORT : 0);
  }
});

test("other types and set reserved bytes are none of ours", () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 0xffff_ffff }), fc.constantFrom(64, 92, 148, 1400), (type, length) => {
      fc.pre(type === 0 || type > 4);
      expect(typeOf(type, length)).toBe(0);
    }),
  );
  for (const type of [1, 2, 3, 4]) expect(typeOf(type | 0x100, 148)).toBe(0);
});

test("the fields fill their messages: sealed keys of 48 bytes, sealed nothing of 16, two macs of 16", () => {
  expect(INITIATION_MAC1 - INITIATION_NOISE).toBe(32 + (32 + 16) + (12 + 16));
  expect(RESPONSE_MAC1 - RESPONSE_NOISE).toBe(32 + (0 + 16));
  expect([INITIATION_MAC2 - INITIATION_MAC1, INITIATION_BYTES - INITIATION_MAC2]).toEqual([16, 16]);
  expect([RESPONSE_MAC2 - RESPONSE_MAC1, RESPONSE_BYTES - RESPONSE_MAC2]).toEqual([16, 16]);
  expect(COOKIE_REPLY_BYTES - COOKIE_REPLY_COOKIE).toBe(16 + 16);
});

test("the header of a transport message is little-endian, each byte written", () => {
  const header = encodeOnPoison(TRANSPORT_HEADER, (buf, at) => {
    encodeTransport(buf, at, 0x8182_8384, 0xf1f2_f3f4, 0x0102_0304);
  });
  expect(Buffer.from(header).toString("hex")).toBe("04000000848382" + "81f4f3f2f104030201");
  expect(readU32Le(header, TRANSPORT_RECEIVER)).toBe(0x8182_8384);
  expect(readU32Le(header, TRANSPORT_COUNTER)).toBe(0xf1f2_f3f4);
});
