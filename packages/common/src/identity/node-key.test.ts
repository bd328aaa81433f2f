import { createPrivateKey, createPublicKey, generateKeyPairSync, verify } from "node:crypto";
import { expect, it } from "vitest";
import { createCertificateRequest, createNodeKey, publicKeyDer } from "./node-key.ts";

/** Reads one DER element: its tag, its content, and what follows it. */
function read(bytes: Buffer): { tag: number; whole: Buffer; content: Buffer; rest: Buffer } {
  const short = bytes[1]! < 0x80;
  const lengthBytes = short ? 0 : bytes[1]! & 0x7f;
  const length = short ? bytes[1]! : bytes.readUIntBE(2, lengthBytes);
  const start = 2 + lengthBytes;
  const end = start + length;
  return {
    tag: bytes[0]!,
    whole: bytes.subarray(0, end),
    content: bytes.subarray(start, end),
    rest: bytes.subarray(end),
  };
}

it("makes a request that is signed by its key and names nobody", async () => {
  const key = createNodeKey();
  const request = read(Buffer.from(await createCertificateRequest(key)));
  expect(request.rest).toHaveLength(0);
  const info = read(request.content);
  const algorithm = read(info.rest);
  const signature = read(algorithm.rest);
  expect(verify("sha256", info.whole, createPublicKey(createPrivateKey(key)), signature.content.subarray(1))).toBe(
    true,
  );

  const version = read(info.content);
  const subject = read(version.rest);
  const spki = read(subject.rest);
  const attributes = read(spki.rest);
  expect(version.content).toEqual(Buffer.of(0));
  expect(subject.content).toHaveLength(0);
  expect(spki.whole).toEqual(publicKeyDer(key));
  expect([attributes.tag, attributes.content.length, attributes.rest.length]).toEqual([0xa0, 0, 0]);
});

it("refuses what is not a P-256 key", async () => {
  const other = generateKeyPairSync("ed25519").privateKey.export({ type: "pkcs8", format: "pem" }) as string;
  for (const bad of ["", "key", other])
    await expect(createCertificateRequest(bad)).rejects.toMatchObject({ code: "state-corrupt" });
});
