import fc from "fast-check";
import { expect, test } from "vitest";
import { HandshakeLimiter } from "./handshake-limiter.ts";
import { endpoint } from "./testing/two-sides.ts";

const HERE = endpoint("192.0.2.1");

function allowed(limiter: HandshakeLimiter, count: number, nowMs: number, from = HERE): number {
  return Array.from({ length: count }, () => limiter.allow(from, nowMs)).filter(Boolean).length;
}

test("five at once, then twenty a second", () => {
  const limiter = new HandshakeLimiter();
  expect(allowed(limiter, 10, 0)).toBe(5);
  expect(allowed(limiter, 10, 49)).toBe(0);
  expect(allowed(limiter, 10, 50)).toBe(1);
  let count = 0;
  for (let nowMs = 51; nowMs <= 10_050; nowMs++) count += allowed(limiter, 3, nowMs);
  expect(count).toBe(200);
  expect(allowed(limiter, 10, 20_000)).toBe(5);
});

test("however the asking is spread, no address gets more than its rate", () => {
  fc.assert(
    fc.property(fc.array(fc.nat(200), { maxLength: 200 }), (gapsMs) => {
      const limiter = new HandshakeLimiter();
      let nowMs = 0;
      let count = 0;
      for (const gapMs of gapsMs) {
        nowMs += gapMs;
        if (limiter.allow(HERE, nowMs)) count++;
      }
      expect(count).toBeLessThanOrEqual(5 + nowMs / 50);
    }),
  );
});

test("ports share the limit of their address; addresses do not share one", () => {
  const limiter = new HandshakeLimiter();
  expect(allowed(limiter, 5, 0)).toBe(5);
  expect(limiter.allow(endpoint("192.0.2.1", 9), 0)).toBe(false);
  expect(allowed(limiter, 10, 0, endpoint("192.0.2.2"))).toBe(5);
});

test("one limit for a /64 of IPv6, another for the next, and no mixing with IPv4", () => {
  const limiter = new HandshakeLimiter();
  expect(allowed(limiter, 5, 0, endpoint("2001:db8:0:1::1"))).toBe(5);
  expect(limiter.allow(endpoint("2001:db8:0:1:ffff:ffff:ffff:ffff"), 0)).toBe(false);
  expect(allowed(limiter, 10, 0, endpoint("2001:db8:0:2::1"))).toBe(5);
  expect(allowed(limiter, 10, 0, endpoint("32.1.13.184"))).toBe(5);
});

test("the table has a bound: while all in it are busy new addresses are refused, the idle make room", () => {
  const limiter = new HandshakeLimiter(100);
  const address = (i: number) => endpoint(`10.0.${i >> 8}.${i & 255}`);
  for (let i = 0; i < 1000; i++) limiter.allow(address(i), i / 10);
  expect(limiter.size).toBe(100);
  expect(limiter.allow(address(2000), 200)).toBe(false);
  // One of the first hundred that goes on asking stays; the others are forgotten.
  expect(limiter.allow(address(7), 240)).toBe(true);
  expect(limiter.allow(address(2000), 300)).toBe(true);
  expect(limiter.size).toBe(2);
});
