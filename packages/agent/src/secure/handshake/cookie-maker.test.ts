import { readU32Le } from "@warren/common/wire/wireguard.ts";
import { expect, test } from "vitest";
import { CookieJar } from "./cookie-jar.ts";
import { COOKIE_LIFE_MS, CookieMaker } from "./cookie-maker.ts";
import { ALICE, ALICE_INDEX, BOB, BOB_INDEX, bytes, endpoint, initiation, response } from "./testing/two-sides.ts";

const HERE = endpoint("192.0.2.1");

function underLoad() {
  let draws = 0;
  const maker = new CookieMaker(BOB.publicKey, (length) => bytes(100 + draws++, length));
  const jar = new CookieJar(BOB.publicKey);
  /** Alice asks from `from` with what her jar has. */
  const ask = (nowMs: number) => {
    const { message } = initiation("chacha20-poly1305", { ephemeral: bytes(1000 + nowMs) });
    jar.stamp(message, nowMs);
    return message;
  };
  return { maker, jar, ask };
}

test("an initiation without a cookie is not let through; the next, with the one from the reply, is", () => {
  const { maker, jar, ask } = underLoad();
  const first = ask(0);
  expect(maker.checkMac2(first, HERE, 0)).toBe(false);
  const reply = maker.reply(first, HERE, 0);
  expect([reply.length, readU32Le(reply, 0), readU32Le(reply, 4)]).toEqual([64, 3, ALICE_INDEX]);
  expect(jar.take(reply, 10)).toBe(true);
  expect(maker.checkMac2(ask(5_000), HERE, 5_000)).toBe(true);
});

test.each(["192.0.2.2", "2001:db8::1"])("a cookie is good from its own address only, not from %s", (address) => {
  const { maker, jar, ask } = underLoad();
  jar.take(maker.reply(ask(0), HERE, 0), 0);
  const message = ask(1);
  expect(maker.checkMac2(message, HERE, 1)).toBe(true);
  expect(maker.checkMac2(message, endpoint(address), 1)).toBe(false);
  expect(maker.checkMac2(message, endpoint("192.0.2.1", 51821), 1)).toBe(false);
});

test("all of an IPv6 address counts, and nothing but address and port", () => {
  const { maker, jar, ask } = underLoad();
  const from = endpoint("2001:db8::1");
  jar.take(maker.reply(ask(0), from, 0), 0);
  const message = ask(1);
  expect(maker.checkMac2(message, endpoint("2001:db8::2"), 1)).toBe(false);
  const otherFlow = from.slice();
  otherFlow[5] = 1;
  expect(maker.checkMac2(message, otherFlow, 1)).toBe(true);
});

test("the secret changes after two minutes, and with it every cookie", () => {
  const { maker, jar, ask } = underLoad();
  jar.take(maker.reply(ask(0), HERE, 0), 60_000);
  const message = ask(COOKIE_LIFE_MS - 1);
  expect(maker.checkMac2(message, HERE, COOKIE_LIFE_MS - 1)).toBe(true);
  expect(maker.checkMac2(message, HERE, COOKIE_LIFE_MS)).toBe(false);
  jar.take(maker.reply(ask(COOKIE_LIFE_MS), HERE, COOKIE_LIFE_MS), COOKIE_LIFE_MS);
  expect(maker.checkMac2(message, HERE, COOKIE_LIFE_MS)).toBe(false);
  expect(maker.checkMac2(ask(COOKIE_LIFE_MS + 1), HERE, COOKIE_LIFE_MS + 1)).toBe(true);
});

test("before the first reply, and after wiping, no mac2 is right", () => {
  const { maker, jar, ask } = underLoad();
  expect(maker.checkMac2(ask(0), HERE, 0)).toBe(false);
  jar.take(maker.reply(ask(0), HERE, 0), 0);
  const message = ask(1);
  maker.wipe();
  expect(maker.checkMac2(message, HERE, 1)).toBe(false);
});

test("a response gets a cookie reply too, to its own sender", () => {
  const maker = new CookieMaker(ALICE.publicKey, (length) => bytes(7, length));
  const jar = new CookieJar(ALICE.publicKey);
  const { message } = response("aes-256-gcm", initiation("aes-256-gcm").message);
  jar.stamp(message, 0);
  const reply = maker.reply(message, HERE, 0);
  expect(readU32Le(reply, 4)).toBe(BOB_INDEX);
  expect(jar.take(reply, 0)).toBe(true);
  jar.stamp(message, 1);
  expect(maker.checkMac2(message, HERE, 1)).toBe(true);
});

test("replies never have the same nonce twice", () => {
  const { maker, ask } = underLoad();
  const nonces = Array.from({ length: 20 }, () => Buffer.from(maker.reply(ask(0), HERE, 0)).toString("hex", 8, 32));
  expect(new Set(nonces).size).toBe(20);
});
