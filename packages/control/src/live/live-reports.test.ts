import type { MeshNode } from "@warren/common/api/mesh-view.ts";
import type { ControlStatus } from "@warren/common/api/types.ts";
import type { ReportRequest } from "@warren/common/rpc/messages.ts";
import { REPORT_LIMITS } from "@warren/common/rpc/report-limits.ts";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { describeCluster } from "../api/describe.ts";
import { revokeNode } from "../mesh/removal.ts";
import { type HarnessNode, MeshHarness } from "../mesh/testing/mesh-harness.ts";
import { meshView } from "./mesh-view.ts";
import { testPeer, testReport, traffic } from "./testing/test-report.ts";

let mesh: MeshHarness;
let a: HarnessNode;
let b: HarnessNode;

beforeEach(async () => {
  mesh = await MeshHarness.start();
  a = await mesh.node("a", "192.0.2.1");
  b = await mesh.node("b", "192.0.2.2");
  await a.register();
  await b.register();
});

afterEach(() => mesh.stop());

const live = () => mesh.core.context.live;
const interval = async (node = a) => (await node.heartbeat()).report_interval_ms;

function view() {
  const cluster = describeCluster(mesh.core.context.view.cluster);
  return meshView(mesh.core.context, { version: "0.1.0", cluster, uptimeSeconds: 1 } as ControlStatus);
}

const nodeOf = (name: string): MeshNode => view().nodes.find((node) => node.name === name)!;
const reportOf = (name: string) => nodeOf(name).report;

/** Reports one second after the last. */
async function next(node: HarnessNode, change: Partial<ReportRequest>): Promise<void> {
  await mesh.clock.advance(1_000);
  live().look();
  await node.mesh.report(testReport({ measured_ms: mesh.clock.monotonicMs(), ...change }));
}

describe("who is asked to report", () => {
  it("is nobody, until somebody looks, and nobody again ten seconds after", async () => {
    expect(await interval()).toBe(0);
    live().look();
    expect([await interval(a), await interval(b)]).toEqual([1_000, 1_000]);
    await mesh.clock.advance(10_000);
    expect(await interval()).toBe(1_000);
    await mesh.clock.advance(1);
    expect(await interval()).toBe(0);
  });

  it("is asked less often in a large mesh, for about a hundred reports a second", async () => {
    for (let i = 3; i <= 51; i++) await mesh.node(`n${i}`, `192.0.2.${i}`);
    live().look();
    expect(await interval()).toBe(2_000);
    for (let i = 52; i <= 400; i++) await mesh.node(`n${i}`, `198.18.${i >> 8}.${i & 255}`);
    expect(await interval()).toBe(4_000);
  });
});

describe("what is kept of reports", () => {
  it("is nothing while nobody looks, and nothing from the last time somebody did", async () => {
    await a.mesh.report(testReport());
    live().look();
    expect(reportOf("a")).toBeNull();
    await a.mesh.report(testReport());
    expect(reportOf("a")).toMatchObject({ ageMs: 0, version: "0.1.0" });
    await mesh.clock.advance(9_000);
    expect(reportOf("a")).toMatchObject({ ageMs: 9_000 });
    await mesh.clock.advance(1_001);
    live().look();
    expect(reportOf("a")).toBeNull();
    await a.mesh.report(testReport());
    expect(live().size).toBe(1);
    await mesh.clock.advance(20_000);
    await b.heartbeat();
    expect(live().size).toBe(0);
  });

  it("is nothing of a node that left or was revoked, which may not report either", async () => {
    live().look();
    await a.mesh.report(testReport());
    await b.mesh.report(testReport({ peers: [testPeer(a.id)] }));
    expect(reportOf("b")!.peers).toHaveLength(1);
    await revokeNode(mesh.core.context, "a");
    await expect(a.mesh.report(testReport())).rejects.toMatchObject({ code: "node-revoked" });
    live().look();
    expect([live().size, view().nodes.length]).toEqual([1, 1]);
    // What b still says of a is of nobody.
    expect(reportOf("b")!.peers).toEqual([]);
    await b.mesh.leave({ release: false });
    await expect(b.mesh.report(testReport())).rejects.toMatchObject({ code: "not-ready" });
    live().look();
    expect([live().size, reportOf("b")]).toEqual([0, null]);
  });

  it("is never in the store", async () => {
    const { revision } = await mesh.store.range("");
    await next(a, {});
    await next(a, {});
    expect((await mesh.store.range("")).revision).toBe(revision);
  });
});

describe("rates", () => {
  it("are those between two reports, by the clock of the node", async () => {
    live().look();
    await a.mesh.report(testReport({ measured_ms: 5_000, traffic: traffic(1_000, 0) }));
    expect(reportOf("a")).toMatchObject({ txBitsPerSecond: null, rxBitsPerSecond: null });
    await mesh.clock.advance(1_100);
    // Half a second under way: by our clock the rate would be another.
    const peers = [testPeer(b.id, { traffic: traffic(0, 250_000), rtt_us: 123 })];
    await a.mesh.report(testReport({ measured_ms: 5_500, traffic: traffic(126_000, 500_000), peers }));
    expect(reportOf("a")).toMatchObject({ txBitsPerSecond: 2_000_000, rxBitsPerSecond: 8_000_000, txPackets: 126 });
    // A peer that was in no report before has no rate.
    expect(reportOf("a")!.peers).toEqual([
      expect.objectContaining({ peer: "b", rttMs: 0.123, txBitsPerSecond: null, rxBitsPerSecond: null }),
    ]);
    await mesh.clock.advance(1_000);
    const later = [testPeer(b.id, { traffic: traffic(1_000, 375_000), session: "up", cipher: "aes-256-gcm" })];
    await a.mesh.report(testReport({ measured_ms: 6_500, traffic: traffic(126_000, 500_000), peers: later }));
    expect(reportOf("a")).toMatchObject({ txBitsPerSecond: 0, rxBitsPerSecond: 0 });
    expect(reportOf("a")!.peers).toEqual([
      {
        ...{ peer: "b", path: "encapsulated", cipher: "aes-256-gcm", session: "up", rttMs: null },
        ...{ txBitsPerSecond: 8_000, rxBitsPerSecond: 1_000_000 },
      },
    ]);
  });

  it.each([
    ["a counter went back: the packet path began anew", { measured_ms: 2_000, traffic: traffic(10, 9_000) }],
    ["the clock of the node went back: its agent was restarted", { measured_ms: 900, traffic: traffic(9_000, 9_000) }],
    ["that clock began anew and is past the old time", { measured_ms: 9_000, traffic: traffic(9_000, 9_000) }],
    ["the packet path does not count", { measured_ms: 2_000, traffic: null }],
  ])("are null, and never negative, where %s", async (_, change) => {
    live().look();
    const first = traffic(5_000, 5_000);
    await a.mesh.report(
      testReport({ measured_ms: 1_000, traffic: first, peers: [testPeer(b.id, { traffic: first })] }),
    );
    await mesh.clock.advance(1_000);
    const second = testReport(change);
    await a.mesh.report({ ...second, peers: [testPeer(b.id, { traffic: second.traffic })] });
    const none = { txBitsPerSecond: null, rxBitsPerSecond: null };
    expect(reportOf("a")).toMatchObject({ ...none, peers: [none] });
  });
});

describe("a report that is not as it should be", () => {
  const long = (length: number) => "x".repeat(length);
  const many = <T>(count: number, item: T): T[] => Array.from({ length: count }, () => item);
  const pod = { namespace: "default", name: "web", addresses: ["10.244.0.2"] };
  it.each<[string, Partial<ReportRequest>]>([
    ["too many peers", { peers: many(REPORT_LIMITS.peers + 1, testPeer("b")) }],
    ["too many pods", { pods: many(REPORT_LIMITS.pods + 1, pod) }],
    ["too many addresses", { pods: [{ ...pod, addresses: many(REPORT_LIMITS.addresses + 1, "10.0.0.1") }] }],
    ["a pod name that is too long", { pods: [{ ...pod, name: long(64) }] }],
    ["a namespace that is none", { pods: [{ ...pod, namespace: "<img src=x>" }] }],
    ["an address that is none", { pods: [{ ...pod, addresses: [long(60_000)] }] }],
    ["too many warnings", { warnings: many(REPORT_LIMITS.warnings + 1, "") }],
    ["a warning that is too long", { warnings: [long(REPORT_LIMITS.warningLength + 1)] }],
    ["a version that is too long", { version: long(65) }],
    ["another data plane", { dataplane: long(10_000) }],
    ["a peer id that is too long", { peers: [testPeer(long(65))] }],
    ["another path", { peers: [testPeer("b", { path: "over-there" })] }],
    ["another cipher", { peers: [testPeer("b", { cipher: "rot13" })] }],
    ["another state of a session", { peers: [testPeer("b", { session: "fine" })] }],
  ])("is refused: %s", async (_, change) => {
    live().look();
    await a.mesh.report(testReport());
    const error = await a.mesh.report(testReport({ measured_ms: 2_000, ...change })).catch((thrown: Error) => thrown);
    expect(error).toMatchObject({ code: expect.stringMatching(/^(usage|name-invalid)$/) });
    expect((error as Error).message.length).toBeLessThan(300);
    expect(reportOf("a")).toMatchObject({ peers: [], pods: [], warnings: [] });
  });

  it("is none at the limits", async () => {
    live().look();
    const pods = many(REPORT_LIMITS.pods, { namespace: long(63), name: long(63), addresses: many(4, "fd00::1") });
    const warnings = many(REPORT_LIMITS.warnings, long(REPORT_LIMITS.warningLength));
    await a.mesh.report(testReport({ pods, warnings, peers: many(REPORT_LIMITS.peers, testPeer(b.id)) }));
    expect(reportOf("a")!.pods).toHaveLength(REPORT_LIMITS.pods);
  });
});

describe("the view of the mesh", () => {
  it("has every node and foreign peer, with what is known without a report too", async () => {
    await mesh.clock.advance(4_000);
    const shown = view();
    expect(shown).toMatchObject({ version: "0.1.0", cluster: { vni: 4096 }, uptimeSeconds: 1 });
    expect(shown.revision).toBe(mesh.core.context.netmap.revision);
    expect(Date.parse(shown.now)).toBe(mesh.clock.nowMs());
    expect(shown.nodes.map(({ name, state, report }) => [name, state, report])).toEqual([
      ["a", "ready", null],
      ["b", "ready", null],
    ]);
  });

  it("shares what one answer holds among the nodes", async () => {
    live().look();
    const pods = Array.from({ length: 900 }, (_, i) => ({ namespace: "default", name: `p${i}`, addresses: [] }));
    for (let i = 3; i <= 40; i++) {
      const node = await mesh.node(`n${i}`, `192.0.2.${i}`);
      await node.register();
      await node.mesh.report(testReport({ pods }));
    }
    const reports = view().nodes.flatMap(({ report }) => report ?? []);
    expect(reports.map(({ podCount }) => podCount)).toEqual(Array(38).fill(900));
    expect(reports.reduce((sum, report) => sum + report.pods.length, 0)).toBe(38 * 500);
  });
});
