import { expect, test } from "vitest";
import vectors from "../testdata/x25519.json" with { type: "json" };
import { KeyPair, PublicKey } from "./x25519.ts";

const fromHex = (text: string) => Buffer.from(text, "hex");

test("all cases of Wycheproof: the right secret, and none where it would be zero", () => {
  const wrong = vectors.filter((vector) => {
    const secret = new KeyPair(fromHex(vector.private)).agree(new PublicKey(fromHex(vector.public)));
    const expected = vector.flags.includes("ZeroSharedSecret") ? null : vector.shared;
    return (secret && Buffer.from(secret).toString("hex")) !== expected;
  });
  expect(wrong).toEqual([]);
  expect(vectors.filter((vector) => vector.flags.includes("ZeroSharedSecret"))).toHaveLength(31);
});

test("a key that was wiped agrees with nobody", () => {
  const pair = new KeyPair(new Uint8Array(32).fill(7));
  const other = new KeyPair(new Uint8Array(32).fill(8));
  const [his, hers] = [new PublicKey(other.publicKey), new PublicKey(pair.publicKey)];
  expect(pair.agree(his)).toEqual(other.agree(hers));
  pair.wipe();
  expect(() => pair.agree(his)).toThrow(expect.objectContaining({ code: "internal" }));
});

test.each([0, 31, 33])("%i bytes are no key", (length) => {
  expect(() => new KeyPair(new Uint8Array(length))).toThrow(expect.objectContaining({ code: "internal" }));
  expect(() => new PublicKey(new Uint8Array(length))).toThrow(expect.objectContaining({ code: "internal" }));
});
