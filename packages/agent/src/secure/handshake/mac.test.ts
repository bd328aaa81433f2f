import { SEALING_CIPHERS } from "@warren/common/net/cipher.ts";
import { expect, test } from "vitest";
import { checkMac1, checkMac2, setMac2 } from "./mac.ts";
import { ALICE, BOB, bytes, EVE, initiation, response } from "./testing/two-sides.ts";

test.each(SEALING_CIPHERS)("mac1 of both messages with %s is for the receiver and nobody else", (cipher) => {
  const { message } = initiation(cipher);
  const answer = response(cipher, message).message;
  expect([ALICE, BOB, EVE].map((key) => checkMac1(key, message))).toEqual([false, true, false]);
  expect([ALICE, BOB, EVE].map((key) => checkMac1(key, answer))).toEqual([true, false, false]);
});

test("mac2 covers the whole message before it, mac1 included", () => {
  const { message } = initiation("chacha20-poly1305");
  const cookie = bytes(1, 16);
  expect(checkMac2(message, cookie)).toBe(false);
  setMac2(message, cookie);
  expect(checkMac2(message, cookie)).toBe(true);
  expect(checkMac2(message, bytes(2, 16))).toBe(false);
  for (let i = 0; i < message.length; i++) {
    const wrong = message.slice();
    wrong[i]! ^= 1;
    expect(checkMac2(wrong, cookie)).toBe(false);
  }
});

test.each([0, 15, 31, 32, 64, 91, 93, 147, 149, 2000])(
  "what has no such fields, %i bytes, has no right ones",
  (length) => {
    expect(checkMac1(BOB, new Uint8Array(length))).toBe(false);
    expect(checkMac2(new Uint8Array(length), bytes(1, 16))).toBe(false);
  },
);
