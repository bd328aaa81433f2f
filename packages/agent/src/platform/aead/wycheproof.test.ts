import { createCipheriv, createDecipheriv } from "node:crypto";
import { readFileSync } from "node:fs";
import type { SealingCipher } from "@warren/common/net/cipher.ts";
import { describe, expect, test } from "vitest";
import { type Aead, TAG } from "../../secure/aead.ts";
import { loadLibcrypto } from "./libcrypto.ts";
import { OpensslAead } from "./openssl-aead.ts";
import { OpensslBatch } from "./openssl-batch.ts";
import { OpensslCalls } from "./openssl-calls.ts";
import { ReferenceAead } from "./reference-aead.ts";
import { SodiumAead } from "./sodium-aead.ts";
import { loadSodium } from "./sodium-heap.ts";

interface Case {
  readonly tcId: number;
  readonly key: Buffer;
  readonly iv: Buffer;
  readonly aad: Buffer;
  readonly msg: Buffer;
  readonly ct: Buffer;
  readonly tag: Buffer;
  readonly isValid: boolean;
}

/** Cases of the sizes that Warren has (keys of 256 bits, nonces of 96), without and with associated data. */
const CASES = {
  "chacha20-poly1305": { all: readCases("chacha20_poly1305"), through: 45, beside: 271 },
  "aes-256-gcm": { all: readCases("aes_gcm"), through: 48, beside: 18 },
} as const satisfies Record<SealingCipher, object>;

type Open = (cipher: SealingCipher, bytes: Uint8Array, fixed: number) => Aead | Promise<Aead>;

const IMPLEMENTATIONS: readonly (readonly [string, SealingCipher, Open])[] = [
  ...(["chacha20-poly1305", "aes-256-gcm"] as const).flatMap(
    (cipher) =>
      [
        ["OpenSSL in batches", cipher, (c, bytes, fixed) => new OpensslAead(c, bytes, new OpensslBatch(fixed))],
        [
          "OpenSSL call by call",
          cipher,
          (c, bytes, fixed) => new OpensslAead(c, bytes, new OpensslCalls(loadLibcrypto(), fixed)),
        ],
        ["node:crypto", cipher, (c, bytes, fixed) => new ReferenceAead(c, bytes, fixed)],
      ] as (readonly [string, SealingCipher, Open])[],
  ),
  [
    "libsodium",
    "chacha20-poly1305",
    async (_, bytes, fixed) => new SodiumAead(await loadSodium(), bytes, fixed),
  ] as const,
];

describe.each(IMPLEMENTATIONS)("%s, %s", (_, cipher, open) => {
  test(`agrees with the ${CASES[cipher].through} cases without associated data`, async () => {
    const cases = CASES[cipher].all.filter((one) => one.aad.length === 0);
    expect(cases).toHaveLength(CASES[cipher].through);
    for (const one of cases) {
      const bytes = new Uint8Array(1024);
      const aead = await open(cipher, bytes, one.iv.readUInt32BE(0));
      const key = aead.createKey(one.key);
      const [low, high] = counterOf(cipher, one.iv);
      bytes.set([...one.ct, ...one.tag], 8);
      expect(key.open(8, one.ct.length + TAG, low, high), `case ${one.tcId} opens`).toBe(one.isValid);
      if (!one.isValid) continue;
      expect(bytes.slice(8, 8 + one.msg.length)).toEqual(new Uint8Array(one.msg));
      expect(key.seal(8, 0, 1, one.msg.length, one.msg.length, low, high)).toBe(1);
      expect(bytes.slice(8, 8 + one.ct.length + TAG)).toEqual(new Uint8Array([...one.ct, ...one.tag]));
    }
  });
});

describe.each(["chacha20-poly1305", "aes-256-gcm"] as const)("the OpenSSL of this Node, %s", (cipher) => {
  test(`agrees with the ${CASES[cipher].beside} cases with associated data, which the seam has not`, () => {
    const cases = CASES[cipher].all.filter((one) => one.aad.length > 0);
    expect(cases).toHaveLength(CASES[cipher].beside);
    for (const one of cases) {
      expect(opensDirectly(cipher, one), `case ${one.tcId} opens`).toBe(one.isValid);
      if (!one.isValid) continue;
      const sealer = createCipheriv(cipher as "aes-256-gcm", one.key, one.iv, { authTagLength: TAG });
      sealer.setAAD(one.aad, { plaintextLength: one.msg.length });
      expect(Buffer.concat([sealer.update(one.msg), sealer.final()])).toEqual(one.ct);
      expect(sealer.getAuthTag()).toEqual(one.tag);
    }
  });
});

function opensDirectly(cipher: SealingCipher, one: Case): boolean {
  const opener = createDecipheriv(cipher as "aes-256-gcm", one.key, one.iv, { authTagLength: TAG });
  opener.setAAD(one.aad, { plaintextLength: one.ct.length });
  opener.setAuthTag(one.tag);
  const plain = opener.update(one.ct);
  try {
    opener.final();
  } catch {
    return false;
  }
  return plain.equals(one.msg);
}

/** The last eight octets of the nonce as the counter that the seam takes: low and high word. */
function counterOf(cipher: SealingCipher, iv: Buffer): readonly [number, number] {
  if (cipher === "aes-256-gcm") return [iv.readUInt32BE(8), iv.readUInt32BE(4)];
  return [iv.readUInt32LE(4), iv.readUInt32LE(8)];
}

function readCases(name: string): Case[] {
  const file = new URL(`../../secure/testdata/${name}_test.json`, import.meta.url);
  const { testGroups } = JSON.parse(readFileSync(file, "utf8"));
  const hex = (text: string) => Buffer.from(text, "hex");
  return testGroups
    .filter((group: Record<string, number>) => group["ivSize"] === 96 && group["keySize"] === 256)
    .flatMap((group: { readonly tests: readonly Record<string, string>[] }) => group.tests)
    .map((one: Record<string, string>) => ({
      tcId: Number(one["tcId"]),
      key: hex(one["key"]!),
      iv: hex(one["iv"]!),
      aad: hex(one["aad"]!),
      msg: hex(one["msg"]!),
      ct: hex(one["ct"]!),
      tag: hex(one["tag"]!),
      isValid: one["result"] !== "invalid",
    }));
}
