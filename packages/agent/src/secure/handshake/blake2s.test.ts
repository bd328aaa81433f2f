import { createHmac } from "node:crypto";
import fc from "fast-check";
import { expect, test } from "vitest";
import vectors from "../testdata/kdf.json" with { type: "json" };
import { hash, hmac, kdf, mac } from "./blake2s.ts";

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");
const fromHex = (text: string) => new Uint8Array(Buffer.from(text, "hex"));

test.each(vectors)("one, two and three keys from key '$key' are those of wireguard-go", ({ key, input, keys }) => {
  for (const count of [1, 2, 3] as const) {
    expect(kdf(count, fromHex(key), fromHex(input)).map(hex)).toEqual(keys.slice(0, count));
  }
});

test("the HMAC is that of OpenSSL, for every key up to a block", () => {
  const key = fc.uint8Array({ maxLength: 64 });
  fc.assert(
    fc.property(key, fc.uint8Array({ maxLength: 200 }), fc.uint8Array(), (key, first, second) => {
      expect(hex(hmac(key, first, second))).toBe(
        createHmac("blake2s256", key).update(first).update(second).digest("hex"),
      );
    }),
  );
});

test("the hash is that of RFC 7693 (appendix B), however its input is cut", () => {
  const abc = "508c5e8c327c14e2e1a72ba34eeb452f37458b209ed63a294d999b4c86675982";
  expect(hex(hash(Buffer.from("abc")))).toBe(abc);
  expect(hex(hash(Buffer.from("a"), Buffer.from(""), Buffer.from("bc")))).toBe(abc);
});

test("the keyed hash is that of another implementation (hashlib of Python)", () => {
  const key = Uint8Array.from({ length: 32 }, (_, i) => i);
  const message = Uint8Array.from({ length: 116 }, (_, i) => i);
  expect(hex(mac(key, message))).toBe("072e94ffbfc684bd8ab2a1b9dade2fd5");
  expect(hex(mac(key, message.subarray(0, 50), message.subarray(50)))).toBe("072e94ffbfc684bd8ab2a1b9dade2fd5");
  expect(hex(mac(key.subarray(0, 16), message.subarray(0, 16)))).toBe("45641de149ed085b90f1171e48175d78");
});
