import fc from "fast-check";
import { expect, test } from "vitest";
import { StaticKey } from "./static-key.ts";

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");

test("the public key is that of RFC 7748 (§6.1, Alice)", () => {
  const key = new StaticKey(Buffer.from("77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a", "hex"));
  expect(hex(key.publicKey)).toBe("8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a");
});

test("a new key is the one that `wg pubkey` finds for the same bytes", () => {
  const key = StaticKey.create(Uint8Array.of(0x47, ...Array.from({ length: 30 }, (_, i) => i + 1), 0x9f));
  expect(Buffer.from(key.exportPrivateKey()).toString("base64")).toBe("QAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHl8=");
  expect(Buffer.from(key.publicKey).toString("base64")).toBe("QROKEJzmRbhtdJleQSlp1HgZi1Tm6HcTgAtO8Q38Vhw=");
});

test("what is exported and imported again is the same key, and clamped", () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), (random) => {
      const key = StaticKey.create(random);
      const exported = key.exportPrivateKey();
      expect([exported[0]! & 7, exported[31]! >>> 6]).toEqual([0, 1]);
      expect(new StaticKey(exported).publicKey).toEqual(key.publicKey);
    }),
  );
});

test("the random bytes that a key is made of are wiped; those that are imported stay their owner's", () => {
  const random = new Uint8Array(32).fill(9);
  const key = StaticKey.create(random);
  expect(random).toEqual(new Uint8Array(32));
  const kept = key.exportPrivateKey();
  new StaticKey(kept);
  expect(hex(kept)).toBe(`08${"09".repeat(30)}49`);
});

test("the private key does not show when a key is printed", () => {
  const key = new StaticKey(new Uint8Array(32).fill(0x41));
  expect(JSON.stringify(key)).not.toContain("65,65");
  expect(Object.keys(key)).toEqual(["publicKey", "mac1Key"]);
});
