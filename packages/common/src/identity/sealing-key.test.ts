import { expect, it } from "vitest";
import { checkSealingKey, formatSealingKey, parseSealingKey } from "./sealing-key.ts";
import { newPublicKey } from "./testing/new-public-key.ts";

const coded = expect.objectContaining({ code: "key-invalid" });
const hex = (text: string) => new Uint8Array(Buffer.from(text, "hex"));
const little = (last: string, first: string) => hex(`${first}${"ff".repeat(30)}${last}`);

it("takes what X25519 makes", () => {
  for (let i = 0; i < 50; i++) checkSealingKey(newPublicKey());
});

it.each([
  ["another length", new Uint8Array(31)],
  ["no bytes", new Uint8Array()],
  ["the zero point", new Uint8Array(32)],
  ["the point 1", hex(`01${"00".repeat(31)}`)],
  ["a point of order 8", hex("e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800")],
  ["the other point of order 8", hex("5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157")],
  ["p - 1", little("7f", "ec")],
  ["p, which is zero again", little("7f", "ed")],
  ["p + 9, which is 9 again", little("7f", "f6")],
  ["a key with the top bit, which is ignored", hex(`09${"00".repeat(30)}80`)],
])("refuses %s", (_, key) => {
  expect(() => checkSealingKey(key)).toThrow(coded);
});

it("reads what WireGuard's tools print, and nothing else", () => {
  const publicKey = newPublicKey();
  const text = formatSealingKey(publicKey);
  expect(text).toMatch(/^[A-Za-z0-9+/]{43}=$/);
  expect(parseSealingKey(text)).toEqual(publicKey);
  for (const bad of [
    "",
    "key",
    text.slice(0, -1),
    ` ${text}`,
    `${text}\n`,
    Buffer.from(publicKey).toString("hex"),
    Buffer.alloc(32).toString("base64"),
  ])
    expect(() => parseSealingKey(bad)).toThrow(coded);
});
