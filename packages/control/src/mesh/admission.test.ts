import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { WarrenError } from "@warren/common/errors/warren-error.ts";
import { checkNodeCertificate, readCertificate } from "@warren/common/identity/certificate.ts";
import { parseToken } from "@warren/common/identity/join-token.ts";
import { createCertificateRequest, createNodeKey } from "@warren/common/identity/node-key.ts";
import { type EnrollRequest, PROTOCOL_VERSION } from "@warren/common/rpc/messages.ts";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { BACKDATE_MS, NODE_LIFETIME_MS } from "../identity/certificate-authority.ts";
import { createMemoryStore } from "../store/memory-store.ts";
import { openSqliteStore } from "../store/sqlite-store.ts";
import type { Store } from "../store/store.ts";
import { ManualClock } from "../testing/manual-clock.ts";
import { revokeNode } from "./removal.ts";
import { MeshHarness } from "./testing/mesh-harness.ts";

const coded = (code: string) => expect.objectContaining({ code });
const HOUR = 3_600_000;

async function requestFor(
  token: string,
  name: string,
  underlay: string,
  keyPem = createNodeKey(),
): Promise<EnrollRequest> {
  const { id, secret } = parseToken(token);
  return {
    protocol: PROTOCOL_VERSION,
    token_id: id,
    token_secret: secret,
    node_name: name,
    underlay_address: underlay,
    csr_der: await createCertificateRequest(keyPem),
  };
}

describe("joining with a token", () => {
  let mesh: MeshHarness;

  beforeEach(async () => {
    mesh = await MeshHarness.start();
  });

  afterEach(() => mesh.stop());

  const token = (request = {}) => mesh.core.context.tokens.create(request);
  const states = () => mesh.core.context.tokens.list().map((each) => each.state);

  it("gives a certificate for the node's id, for clients, for 7 days from an hour ago", async () => {
    const { token: text } = await token();
    const response = await mesh.core.enroll(await requestFor(text, "a", "192.0.2.1"));
    const certificate = readCertificate(response.certificate_der, "the certificate");
    const identity = { clusterId: response.cluster_id, nodeId: response.node_id };
    expect(checkNodeCertificate(certificate, mesh.ca.certificate, mesh.clock.nowMs())).toEqual(identity);
    expect(Date.parse(certificate.validFrom)).toBe(mesh.clock.nowMs() - BACKDATE_MS);
    expect(Date.parse(certificate.validTo)).toBe(mesh.clock.nowMs() + NODE_LIFETIME_MS);
    expect(certificate.subject).toBe("CN=a");
    expect(certificate.ca).toBe(false);
  });

  it("has a code for each way a token can be wrong", async () => {
    const { id, token: once } = await token();
    const good = await requestFor(once, "a", "192.0.2.1");
    const join = (change: Partial<EnrollRequest>) => mesh.core.enroll({ ...good, ...change });
    await expect(join({ token_id: "nonesuch00" })).rejects.toThrow(coded("token-unknown"));
    await expect(join({ token_secret: "A".repeat(24) })).rejects.toThrow(coded("token-unknown"));
    await expect(join({ token_secret: "" })).rejects.toThrow(coded("token-unknown"));
    await mesh.core.context.tokens.revoke(id);
    await expect(join({})).rejects.toThrow(coded("token-revoked"));
    await expect(mesh.core.context.tokens.revoke("nonesuch00")).rejects.toThrow(coded("not-found"));

    const late = await requestFor((await token({ ttlMs: 2_000 })).token, "b", "192.0.2.2");
    await mesh.clock.advance(2_000);
    await expect(mesh.core.enroll(late)).rejects.toThrow(coded("token-expired"));

    const used = await token();
    await mesh.core.enroll(await requestFor(used.token, "c", "192.0.2.3"));
    await expect(mesh.core.enroll(await requestFor(used.token, "d", "192.0.2.4"))).rejects.toThrow(coded("token-used"));
    expect(states().sort()).toEqual(["expired", "revoked", "used"]);
  });

  it("counts the uses of a token for several nodes", async () => {
    const { token: text, id } = await token({ uses: 3 });
    for (let i = 1; i <= 3; i++) await mesh.core.enroll(await requestFor(text, `n${i}`, `192.0.2.${i}`));
    await expect(mesh.core.enroll(await requestFor(text, "n4", "192.0.2.4"))).rejects.toThrow(coded("token-used"));
    expect(mesh.core.context.tokens.list()).toMatchObject([{ id, uses: 3, used: 3, state: "used" }]);
  });

  it("does not use a token up for a join that is refused", async () => {
    const { token: text } = await token();
    await mesh.node("a", "192.0.2.1");
    const refused = async (name: string, underlay: string, code: string) =>
      expect(mesh.core.enroll(await requestFor(text, name, underlay))).rejects.toThrow(coded(code));
    await refused("a", "192.0.2.2", "node-name-taken");
    await refused("b", "192.0.2.1", "underlay-taken");
    await refused("B!", "192.0.2.3", "name-invalid");
    await refused("b", "10.244.0.9", "address-invalid");
    expect(states()).toEqual(["valid"]);
    await mesh.core.enroll(await requestFor(text, "b", "192.0.2.3"));
  });

  it("gives a node whose answer was lost the same identity again, for the same key, also after restart and expiry", async () => {
    const { token: text } = await token();
    const keyPem = createNodeKey();
    const first = await mesh.core.enroll(await requestFor(text, "a", "192.0.2.1", keyPem));
    await mesh.restart();
    await mesh.clock.advance(2 * HOUR);
    const again = await mesh.core.enroll(await requestFor(text, "a", "192.0.2.1", keyPem));
    expect(again.node_id).toBe(first.node_id);
    await expect(mesh.core.enroll(await requestFor(text, "z", "192.0.2.9", keyPem))).rejects.toThrow(
      coded("token-used"),
    );
    await expect(mesh.core.enroll(await requestFor(text, "a", "192.0.2.1"))).rejects.toThrow(coded("token-used"));
  });

  it("keeps a node whose certificate ran out who it is, if it has its key and a new token", async () => {
    const keyPem = createNodeKey();
    const joinAgain = async (key: string) =>
      mesh.core.enroll(await requestFor((await token()).token, "a", "192.0.2.1", key));
    const first = await joinAgain(keyPem);
    expect((await joinAgain(keyPem)).node_id).toBe(first.node_id);
    await expect(joinAgain(createNodeKey())).rejects.toThrow(coded("node-name-taken"));
    const renewedKey = createNodeKey();
    await mesh.core.as(first.node_id).renewCertificate({ csr_der: await createCertificateRequest(renewedKey) });
    expect((await joinAgain(renewedKey)).node_id).toBe(first.node_id);
    await expect(joinAgain(keyPem)).rejects.toThrow(coded("node-name-taken"));
  });

  it("does not let a removed node in again with the token it had", async () => {
    const { token: text } = await token();
    const keyPem = createNodeKey();
    await mesh.core.enroll(await requestFor(text, "a", "192.0.2.1", keyPem));
    await revokeNode(mesh.core.context, "a");
    await mesh.restart();
    await expect(mesh.core.enroll(await requestFor(text, "a", "192.0.2.1", keyPem))).rejects.toThrow(
      coded("node-revoked"),
    );
  });

  it("does no work on the request of who has no token", async () => {
    const good = await requestFor((await token()).token, "a", "192.0.2.1");
    const read = vi.spyOn(mesh.ca, "readRequest");
    await expect(mesh.core.enroll({ ...good, token_secret: "A".repeat(24) })).rejects.toThrow(coded("token-unknown"));
    expect(read).not.toHaveBeenCalled();
    read.mockRestore();
  });

  it("refuses a request that does not prove its key, or whose key is of another kind", async () => {
    const { token: text } = await token();
    const good = await requestFor(text, "a", "192.0.2.1");
    const forged = Uint8Array.from(good.csr_der);
    forged[forged.length - 1]! ^= 1;
    for (const csr_der of [forged, new Uint8Array(), new Uint8Array(5000), good.csr_der.slice(0, 50)]) {
      await expect(mesh.core.enroll({ ...good, csr_der })).rejects.toThrow(coded("unauthenticated"));
    }
    expect(states()).toEqual(["valid"]);
  });

  it.each([{ ttlMs: 0 }, { ttlMs: 1e12 }, { ttlMs: 1.5 }, { uses: 0 }, { uses: -1 }, { uses: 1e9 }])(
    "refuses to make a token with %j",
    async (request) => {
      await expect(token(request)).rejects.toThrow(coded("usage"));
    },
  );

  it("forgets dead tokens after a week", async () => {
    await token();
    await mesh.clock.advance(8 * 24 * HOUR);
    await token();
    expect(states()).toEqual(["valid"]);
  });
});

describe("100 joins at once with one token for one node", () => {
  const stores: [string, (dir: string) => Store][] = [
    ["memory", () => createMemoryStore({ clock: new ManualClock() })],
    ["sqlite", (dir) => openSqliteStore({ path: join(dir, "state.db"), clock: new ManualClock() })],
  ];

  it.each(stores)("let exactly one in: %s, two control planes on one store", async (_name, make) => {
    const dir = await mkdtemp(join(tmpdir(), "wrn-admission-"));
    const mesh = await MeshHarness.start({}, make(dir));
    const second = mesh.newCore();
    await second.start();
    const { token } = await mesh.core.context.tokens.create({});
    await second.context.view.catchUp();
    const requests = await Promise.all(
      Array.from({ length: 100 }, (_, i) => requestFor(token, `n${i}`, `192.0.2.${i + 1}`)),
    );
    const settled = await Promise.allSettled(
      requests.map((request, i) => (i % 2 ? second : mesh.core).enroll(request)),
    );
    const codes = settled.map((result) => (result.status === "fulfilled" ? "ok" : (result.reason as WarrenError).code));
    expect(codes.filter((code) => code === "ok")).toHaveLength(1);
    expect(codes.filter((code) => code === "token-used")).toHaveLength(99);
    expect((await mesh.store.range("node/")).entries).toHaveLength(1);
    expect((await mesh.store.range("node-name/")).entries).toHaveLength(1);
    await second.stop();
    await mesh.stop();
    await rm(dir, { recursive: true });
  });
});
