import { X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { certificatePem } from "@warren/common/identity/certificate.ts";
import { createCertificateRequest, createNodeKey } from "@warren/common/identity/node-key.ts";
import { createMeshClient, type MeshClient, openChannel } from "@warren/common/rpc/channel.ts";
import { rpcServices } from "@warren/common/rpc/definitions.ts";
import { systemClock } from "@warren/common/runtime/clock.ts";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ControlHarness, registerRequest, type TestNode } from "../app/testing/control-harness.ts";
import type { CaMaterial } from "../identity/certificate-authority.ts";
import { CertificateAuthority, NODE_LIFETIME_MS } from "../identity/certificate-authority.ts";
import { testReport } from "../live/testing/test-report.ts";

type Role =
  | "none"
  | "foreign-ca"
  | "expired"
  | "server-certificate"
  | "no-such-node"
  | "other-cluster"
  | "revoked"
  | "other-node"
  | "ok";
/** How each call is answered; `ok` means without an error. */
type Answer = "ok" | "unauthenticated" | "node-revoked" | "forbidden" | "lease-lost" | "not-ready" | "not-found";

let control: ControlHarness;
let clients: Record<Role, MeshClient>;
let ok: TestNode;
/** Another member, which does what it is asked. */
let peer: TestNode;
const answering = new AbortController();
let csr: Uint8Array;

/** One call of every method of the Mesh service, as the node `ok` would make it. */
const METHODS: Record<string, (mesh: MeshClient) => Promise<unknown>> = {
  Register: (mesh) => mesh.register(registerRequest(ok)),
  Heartbeat: (mesh) => mesh.heartbeat({ epoch: 1, applied_revision: 0, pods: 0 }),
  WatchNetmap: async (mesh) => {
    const stop = new AbortController();
    for await (const _ of mesh.watchNetmap({ after_revision: 0, generation: "" }, stop.signal)) stop.abort();
  },
  RenewCertificate: (mesh) => mesh.renewCertificate({ csr_der: csr }),
  SetPairCipher: (mesh) => mesh.setPairCipher({ peer_name: "peer", cipher: "" }),
  Report: (mesh) => mesh.report(testReport()),
  AskNode: (mesh) => mesh.askNode({ node_name: "peer", task_json: "{}" }),
  WatchTasks: async (mesh) => {
    const stop = new AbortController();
    // It brings nothing unless somebody asks; who may not watch is told so at once.
    const asking = askUntil(stop.signal);
    try {
      for await (const _ of mesh.watchTasks(stop.signal)) stop.abort();
    } finally {
      stop.abort();
      await asking;
    }
  },
  AnswerTask: (mesh) => mesh.answerTask({ id: "x", result_json: "{}", error_code: "", error_message: "" }),
  // Last: whoever has left may not do the others.
  Leave: (mesh) => mesh.leave({ release: false }),
};

const STRANGERS = ["none", "foreign-ca", "expired", "server-certificate", "no-such-node", "other-cluster"] as const;

/** What an enrolled but different node gets: nothing of another's, only its own state. */
const OTHER_NODE: Record<string, Answer> = {
  Register: "forbidden",
  Heartbeat: "not-ready",
  WatchNetmap: "not-ready",
  RenewCertificate: "ok",
  SetPairCipher: "not-ready",
  Report: "not-ready",
  AskNode: "not-ready",
  WatchTasks: "not-ready",
  AnswerTask: "not-ready",
  Leave: "ok",
};

/** Where a member is not simply let do it: nobody waits for that answer. */
const MEMBER: Record<string, Answer> = { AnswerTask: "not-found" };

beforeAll(async () => {
  control = await ControlHarness.make();
  await control.start();
  ok = await control.join("ok", "192.0.2.1");
  await ok.mesh.register(registerRequest(ok));
  peer = await control.join("peer", "192.0.2.5");
  await peer.mesh.register(registerRequest(peer));
  answerAll(peer.mesh, answering.signal).catch(() => {});
  csr = await createCertificateRequest(ok.keyPem);
  const other = await control.join("other", "192.0.2.2");
  const revoked = await control.join("revoked", "192.0.2.3");
  await revoked.mesh.register(registerRequest(revoked));
  await control.call("DELETE", "/v1/nodes/revoked");
  clients = {
    none: openWithout(),
    "foreign-ca": await issued(await CertificateAuthority.createInMemory(systemClock)),
    expired: await issued(await clusterCa(-2 * NODE_LIFETIME_MS)),
    "server-certificate": await serverCertificate(),
    "no-such-node": await issued(await clusterCa(), { nodeId: "nosuchnode00" }),
    "other-cluster": await issued(await clusterCa(), { clusterId: "othercluster" }),
    revoked: revoked.mesh,
    "other-node": other.mesh,
    ok: ok.mesh,
  };
});

afterAll(async () => {
  answering.abort();
  for (const client of Object.values(clients)) client.close();
  await control.dispose();
});

describe("who may call what", () => {
  it("has a row here for every method of the service", () => {
    expect(Object.keys(METHODS).sort()).toEqual(Object.keys(rpcServices().mesh.definition).sort());
    expect(Object.keys(rpcServices().enrollment.definition)).toEqual(["Enroll"]);
  });

  const rows = Object.keys(METHODS).flatMap((method): [string, Role, Answer][] => [
    ...STRANGERS.map((role): [string, Role, Answer] => [method, role, "unauthenticated"]),
    [method, "revoked", "node-revoked"],
    [method, "other-node", OTHER_NODE[method]!],
    [method, "ok", MEMBER[method] ?? "ok"],
  ]);

  it.each(rows)("%s with %s: %s", async (method, role, answer) => {
    const call = METHODS[method]!(clients[role]);
    if (answer === "ok") await call;
    else await expect(call).rejects.toThrow(expect.objectContaining({ code: answer }));
  });

  it("tells a caller whose certificate is not in its time by which clock", async () => {
    await expect(METHODS["Heartbeat"]!(clients.expired)).rejects.toThrow(
      /certificate is good from .* to .* expired or is not yet valid: the clock of the control plane says 20\d\d-/,
    );
  });

  it("changed nothing for the node in whose name others called", async () => {
    await ok.mesh.register(registerRequest(ok));
    expect(await ok.mesh.heartbeat({ epoch: 1, applied_revision: 0, pods: 0 })).toBeDefined();
  });

  it("refuses a revoked node in the second form of its certificate's signature as well", async () => {
    const node = await control.join("twin", "192.0.2.4");
    await node.mesh.register(registerRequest(node));
    const twin = control.connect(
      { ...node.enrollment, certificatePem: twinOf(node.enrollment.certificatePem) },
      node.keyPem,
    );
    await twin.heartbeat({ epoch: 1, applied_revision: 0, pods: 0 });
    await control.call("DELETE", "/v1/nodes/twin");
    const call = twin.heartbeat({ epoch: 1, applied_revision: 0, pods: 0 });
    await expect(call).rejects.toThrow(expect.objectContaining({ code: "node-revoked" }));
  });

  it("knows a node by the certificate it renewed, and still by the old one", async () => {
    const keyPem = createNodeKey();
    const { certificate_der } = await ok.mesh.renewCertificate({ csr_der: await createCertificateRequest(keyPem) });
    const renewed = control.connect({ ...ok.enrollment, certificatePem: certificatePem(certificate_der) }, keyPem);
    expect((await renewed.register(registerRequest(ok))).self.id).toBe(ok.enrollment.nodeId);
    expect((await ok.mesh.register(registerRequest(ok))).self.id).toBe(ok.enrollment.nodeId);
  });

  it("keeps a removed node out over a restart, with its certificate and with its token", async () => {
    await control.restart();
    const call = clients.revoked.heartbeat({ epoch: 1, applied_revision: 0, pods: 0 });
    await expect(call).rejects.toThrow(expect.objectContaining({ code: "node-revoked" }));
  });
});

async function answerAll(mesh: MeshClient, signal: AbortSignal): Promise<void> {
  for await (const { id } of mesh.watchTasks(signal))
    await mesh.answerTask({ id, result_json: "{}", error_code: "", error_message: "" });
}

/** Asks the node `ok` for something, again and again: it may not be watching yet. */
async function askUntil(signal: AbortSignal): Promise<void> {
  while (!signal.aborted) await peer.mesh.askNode({ node_name: "ok", task_json: "{}" }, signal).catch(() => {});
}

/** The cluster's own CA, with a clock that is off. */
async function clusterCa(offsetMs = 0): Promise<CertificateAuthority> {
  const file = JSON.parse(readFileSync(join(control.dataDir, "ca.json"), "utf8")) as { data: CaMaterial };
  return CertificateAuthority.open(file.data, { ...systemClock, nowMs: () => Date.now() + offsetMs });
}

async function issued(
  ca: CertificateAuthority,
  change: { nodeId?: string; clusterId?: string } = {},
): Promise<MeshClient> {
  const keyPem = createNodeKey();
  const request = await ca.readRequest(await createCertificateRequest(keyPem));
  const { clusterId, nodeId } = ok.enrollment;
  const der = await ca.issueNode({ clusterId, nodeId, ...change }, "ok", request);
  const identity = { ca: ok.enrollment.caPem, cert: certificatePem(der), key: keyPem };
  return createMeshClient(control.app.address, identity);
}

async function serverCertificate(): Promise<MeshClient> {
  const { keyPem, chainPem } = await (await clusterCa()).issueServer();
  return createMeshClient(control.app.address, { ca: ok.enrollment.caPem, cert: chainPem, key: keyPem });
}

function openWithout(): MeshClient {
  const channel = openChannel(control.app.address, rpcServices().mesh, { ca: ok.enrollment.caPem });
  return {
    register: (request) => channel.unary("Register", request),
    heartbeat: (request) => channel.unary("Heartbeat", request),
    watchNetmap: (request, signal) => channel.stream("WatchNetmap", request, signal),
    renewCertificate: (request) => channel.unary("RenewCertificate", request),
    setPairCipher: (request) => channel.unary("SetPairCipher", request),
    leave: (request) => channel.unary("Leave", request),
    report: (request) => channel.unary("Report", request),
    askNode: (request) => channel.unary("AskNode", request),
    watchTasks: (signal) => channel.stream("WatchTasks", {}, signal),
    answerTask: (request) => channel.unary("AnswerTask", request),
    close: () => channel.close(),
  };
}

const P256_ORDER = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;

/** The same certificate with s replaced by n − s: as valid, with another fingerprint. */
function twinOf(pem: string): string {
  const der = Buffer.from(new X509Certificate(pem).raw);
  // The signature is the last element: BIT STRING { SEQUENCE { INTEGER r, INTEGER s } }.
  const sequence = der.lastIndexOf(Buffer.from([0x03]), der.length - 66);
  for (let at = sequence; at > 0; at = der.lastIndexOf(Buffer.from([0x03]), at - 1)) {
    if (at + 2 + der[at + 1]! !== der.length || der[at + 2] !== 0 || der[at + 3] !== 0x30) continue;
    const r = der.subarray(at + 5, at + 7 + der[at + 6]!);
    const s = der.subarray(at + 5 + r.length + 2);
    const flipped = P256_ORDER - BigInt(`0x${s.toString("hex")}`);
    const value = Buffer.from(flipped.toString(16).padStart(64, "0"), "hex");
    let first = 0;
    while (value[first] === 0) first += 1;
    const short = value.subarray(first);
    const integer = short[0]! & 0x80 ? Buffer.concat([Buffer.from([0]), short]) : short;
    const signature = Buffer.concat([r, Buffer.from([2, integer.length]), integer]);
    const bits = Buffer.concat([Buffer.from([0x03, signature.length + 3, 0, 0x30, signature.length]), signature]);
    const body = Buffer.concat([der.subarray(4, at), bits]);
    const head = Buffer.from([0x30, 0x82, body.length >> 8, body.length & 0xff]);
    return certificatePem(Buffer.concat([head, body]));
  }
  throw new Error("no ECDSA signature found");
}
