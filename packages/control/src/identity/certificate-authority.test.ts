import { X509Certificate } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { certificatePem, checkNodeCertificate, checkServerCertificate } from "@warren/common/identity/certificate.ts";
import { createCertificateRequest, createNodeKey } from "@warren/common/identity/node-key.ts";
import { run, tryRun } from "@warren/common/runtime/run.ts";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ManualClock } from "../testing/manual-clock.ts";
import { openCaFile } from "./ca-file.ts";
import { CA_LIFETIME_MS, CertificateAuthority, createCaMaterial, NODE_LIFETIME_MS } from "./certificate-authority.ts";

const coded = (code: string) => expect.objectContaining({ code });
const identity = { clusterId: "clusterone", nodeId: "nodenumber01" };

let clock: ManualClock;
let ca: CertificateAuthority;

beforeEach(async () => {
  clock = new ManualClock();
  ca = await CertificateAuthority.createInMemory(clock);
});

async function nodeCertificate(of = ca): Promise<X509Certificate> {
  const request = await of.readRequest(await createCertificateRequest(createNodeKey()));
  return new X509Certificate(await of.issueNode(identity, "a", request));
}

describe("CA", () => {
  it("is P-256, lasts ten years, and signs leaves only", () => {
    expect(ca.certificate.ca).toBe(true);
    expect(Date.parse(ca.certificate.validTo)).toBe(clock.nowMs() + CA_LIFETIME_MS);
    expect(ca.certificate.publicKey.asymmetricKeyDetails).toMatchObject({ namedCurve: "prime256v1" });
    expect(ca.keyHash).toMatch(/^[0-9a-f]{64}$/);
  });

  it("shares no key with another installation", async () => {
    const other = await createCaMaterial(clock.nowMs());
    expect((await CertificateAuthority.open(other, clock)).keyHash).not.toBe(ca.keyHash);
  });

  it("refuses a key that is not its certificate's", async () => {
    const { certificatePem: pem } = await createCaMaterial(clock.nowMs());
    const mixed = CertificateAuthority.open({ keyPem: createNodeKey(), certificatePem: pem }, clock);
    await expect(mixed).rejects.toThrow(coded("state-corrupt"));
  });

  it.skipIf(!existsSync("/usr/bin/openssl"))(
    "gives certificates that OpenSSL accepts for their purpose and for no other",
    async () => {
      const dir = await mkdtemp(join(tmpdir(), "wrn-ca-"));
      clock.stepWall(Date.now() - clock.nowMs());
      const fresh = await CertificateAuthority.createInMemory(clock);
      try {
        await writeFile(join(dir, "ca.pem"), fresh.certificate.toString());
        await writeFile(join(dir, "node.pem"), (await nodeCertificate(fresh)).toString());
        await writeFile(join(dir, "server.pem"), (await fresh.issueServer()).chainPem);
        const verify = (purpose: string, file: string) =>
          tryRun("openssl", [
            "verify",
            "-x509_strict",
            "-CAfile",
            join(dir, "ca.pem"),
            "-purpose",
            purpose,
            join(dir, file),
          ]);
        expect(await verify("sslclient", "node.pem")).toMatchObject({ code: 0 });
        expect(await verify("sslserver", "server.pem")).toMatchObject({ code: 0 });
        expect((await verify("sslserver", "node.pem")).code).not.toBe(0);
        expect((await verify("sslclient", "server.pem")).code).not.toBe(0);
      } finally {
        await rm(dir, { recursive: true });
      }
    },
  );

  it("never outlives itself in a leaf", async () => {
    clock.stepWall(CA_LIFETIME_MS - NODE_LIFETIME_MS / 2);
    expect(Date.parse((await nodeCertificate()).validTo)).toBe(Date.parse(ca.certificate.validTo));
  });
});

describe("the check of a node's certificate", () => {
  const check = (certificate: X509Certificate) => checkNodeCertificate(certificate, ca.certificate, clock.nowMs());

  it("gives the node it names, within its time", async () => {
    const certificate = await nodeCertificate();
    expect(check(certificate)).toEqual(identity);
    clock.stepWall(-2 * 3_600_000);
    expect(() => check(certificate)).toThrow(/not valid before .* clock/);
    clock.stepWall(NODE_LIFETIME_MS + 3 * 3_600_000);
    expect(() => check(certificate)).toThrow(/expired/);
  });

  it("refuses what another CA signed, whatever it calls itself, and what is no node's", async () => {
    const other = await CertificateAuthority.createInMemory(clock);
    expect(other.certificate.subject).toBe(ca.certificate.subject);
    expect(() => check(new X509Certificate(ca.certificate.raw))).toThrow(coded("unauthenticated"));
    const foreign = await nodeCertificate(other);
    expect(() => check(foreign)).toThrow(/not of this cluster's CA/);
    const server = new X509Certificate((await ca.issueServer()).chainPem);
    expect(() => check(server)).toThrow(/not for a client/);
    checkServerCertificate(server, ca.certificate, clock.nowMs());
    const node = await nodeCertificate();
    expect(() => checkServerCertificate(node, ca.certificate, clock.nowMs())).toThrow(/not for a server/);
  });

  it("survives the way through PEM", async () => {
    const certificate = await nodeCertificate();
    expect(check(new X509Certificate(certificatePem(certificate.raw)))).toEqual(identity);
  });
});

describe("CA file", () => {
  let dir: string;

  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), "wrn-ca-"));
  });

  afterEach(() => rm(dir, { recursive: true }));

  it("is made once and then the same", async () => {
    const path = join(dir, "ca.json");
    const first = await openCaFile(path, clock, true);
    expect((await openCaFile(path, clock, false)).keyHash).toBe(first.keyHash);
  });

  it("is never made again for a cluster that exists", async () => {
    await expect(openCaFile(join(dir, "ca.json"), clock, false)).rejects.toThrow(/is missing, but the cluster/);
  });

  it("is refused when one bit of it changed", async () => {
    const path = join(dir, "ca.json");
    await openCaFile(path, clock, true);
    const text = await readFile(path, "utf8");
    await writeFile(path, text.replace("BEGIN PRIVATE", "BEGIN PRIVATF"));
    await expect(openCaFile(path, clock, true)).rejects.toThrow(coded("state-corrupt"));
    await run("chmod", ["644", path]);
    await expect(openCaFile(path, clock, true)).rejects.toThrow(coded("key-exposed"));
  });
});
