import { expect, test } from "vitest";
import { CookieJar } from "./cookie-jar.ts";
import { COOKIE_LIFE_MS, CookieMaker } from "./cookie-maker.ts";
import { BOB, bytes, EVE, endpoint, initiation } from "./testing/two-sides.ts";

const FROM = endpoint("192.0.2.1");
const NO_MAC2 = new Uint8Array(16);

function setUp() {
  let draws = 0;
  const maker = new CookieMaker(BOB.publicKey, (length) => bytes(100 + draws++, length));
  const jar = new CookieJar(BOB.publicKey);
  const send = (nowMs: number) => {
    const { message } = initiation("aes-256-gcm", { ephemeral: bytes(1000 + nowMs) });
    jar.stamp(message, nowMs);
    return message;
  };
  const mac2 = (message: Uint8Array) => message.slice(132);
  return { maker, jar, send, mac2 };
}

test("without a cookie mac2 stays zero, with one it is set, for two minutes", () => {
  const { maker, jar, send, mac2 } = setUp();
  const first = send(0);
  expect(mac2(first)).toEqual(NO_MAC2);
  expect(jar.take(maker.reply(first, FROM, 0), 1_000)).toBe(true);
  expect(mac2(send(1_001))).not.toEqual(NO_MAC2);
  expect(mac2(send(1_000 + COOKIE_LIFE_MS - 1))).not.toEqual(NO_MAC2);
  expect(mac2(send(1_000 + COOKIE_LIFE_MS))).toEqual(NO_MAC2);
});

test("a reply is good once", () => {
  const { maker, jar, send, mac2 } = setUp();
  const reply = maker.reply(send(0), FROM, 0);
  expect(jar.take(reply, 0)).toBe(true);
  expect(jar.take(reply, COOKIE_LIFE_MS)).toBe(false);
  expect(mac2(send(COOKIE_LIFE_MS))).toEqual(NO_MAC2);
});

test("a reply to an earlier message, played again, is not taken", () => {
  const { maker, jar, send } = setUp();
  const earlier = maker.reply(send(0), FROM, 0);
  const message = send(1);
  expect(jar.take(earlier, 1)).toBe(false);
  expect(jar.take(maker.reply(message, FROM, 1), 1)).toBe(true);
});

test("a reply that nobody asked for is not taken", () => {
  const { maker, jar } = setUp();
  expect(jar.take(maker.reply(initiation("aes-256-gcm").message, FROM, 0), 0)).toBe(false);
});

test("a reply with one wrong bit is not taken, but for the index by which the caller found the jar", () => {
  const { maker, jar, send } = setUp();
  const reply = maker.reply(send(0), FROM, 0);
  for (let bit = 0; bit < reply.length * 8; bit++) {
    if (bit >= 32 && bit < 64) continue;
    const flipped = reply.slice();
    flipped[bit >> 3]! ^= 1 << (bit & 7);
    expect(jar.take(flipped, 0)).toBe(false);
  }
  for (let length = 0; length < reply.length; length++) expect(jar.take(reply.subarray(0, length), 0)).toBe(false);
  expect(jar.take(Uint8Array.of(...reply, 0), 0)).toBe(false);
  expect(jar.take(reply, 0)).toBe(true);
});

test("a reply forged by somebody who saw the initiation but is not Bob is not taken", () => {
  const { jar, send, mac2 } = setUp();
  const forger = new CookieMaker(EVE.publicKey, (length) => bytes(9, length));
  expect(jar.take(forger.reply(send(0), FROM, 0), 0)).toBe(false);
  expect(mac2(send(1))).toEqual(NO_MAC2);
});

test("a failed reply leaves a good cookie as it is; wiping takes it away", () => {
  const { maker, jar, send, mac2 } = setUp();
  jar.take(maker.reply(send(0), FROM, 0), 0);
  const message = send(1);
  const forged = maker.reply(message, FROM, 1);
  forged[40]! ^= 1;
  expect(jar.take(forged, 1)).toBe(false);
  expect(maker.checkMac2(send(2), FROM, 2)).toBe(true);
  jar.wipe();
  expect(mac2(send(3))).toEqual(NO_MAC2);
});
