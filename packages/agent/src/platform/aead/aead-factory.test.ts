import { expect, test } from "vitest";
import { listAeads, openAead } from "./aead-factory.ts";

test("lists every implementation of every cipher, and why one is missing", async () => {
  const offers = await listAeads();
  expect(offers.map(({ implementation, cipher }) => `${implementation} ${cipher}`)).toEqual([
    "openssl chacha20-poly1305",
    "openssl aes-256-gcm",
    "sodium chacha20-poly1305",
    "sodium aes-256-gcm",
    "reference chacha20-poly1305",
    "reference aes-256-gcm",
  ]);
  const missing = offers.filter((offer) => offer.missing !== undefined);
  expect(missing).toHaveLength(1);
  expect(missing[0]).toMatchObject({ implementation: "sodium", cipher: "aes-256-gcm" });
  expect(missing[0]?.missing).toContain("no AES-256-GCM in WebAssembly");
});

test("what one implementation seals another opens", async () => {
  const bytes = new Uint8Array(256);
  for (const { implementation, cipher, missing } of await listAeads()) {
    if (missing !== undefined) continue;
    const aead = await openAead(implementation, cipher, bytes);
    const secret = new Uint8Array(32).fill(9);
    expect(aead.createKey(secret).seal(10, 0, 1, 50, 50, 3, 0)).toBe(1);
    const other = await openAead(implementation === "reference" ? "openssl" : "reference", cipher, bytes);
    expect(other.createKey(secret).open(10, 66, 3, 0)).toBe(true);
  }
});

test("refuses what is missing with its reason", async () => {
  await expect(openAead("sodium", "aes-256-gcm", new Uint8Array(0))).rejects.toMatchObject({ code: "cipher-missing" });
});
