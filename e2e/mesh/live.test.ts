import type { MeshLink, NodeReport } from "@warren/common/api/mesh-view.ts";
import type { ControlStatus } from "@warren/common/api/types.ts";
import { meshView } from "@warren/control/live/mesh-view.ts";
import type { ClusterSettings } from "@warren/control/registry/cluster-settings.ts";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { converge } from "./sim/convergence.ts";
import { Ledger } from "./sim/ledger.ts";
import { randomFor, SEED } from "./sim/seed.ts";
import { SimMesh } from "./sim/sim-mesh.ts";
import type { SimNode } from "./sim/sim-node.ts";

describe.each<[string, Partial<ClusterSettings>]>([
  ["IPv4", { pools: ["10.244.0.0/16"] }],
  ["IPv6", { pools: ["fd00:77::/48"] }],
  ["both, sealed", { pools: ["10.244.0.0/16", "fd00:77::/48"], cipher: "aes-256-gcm" }],
])(`the live view of a mesh with %s (WARREN_SEED=${SEED})`, (_what, settings) => {
  let mesh: SimMesh;
  let nodes: SimNode[];

  beforeEach(async () => {
    mesh = await SimMesh.start({ seed: SEED, settings, weather: { delayMs: 3, jitterMs: 0 } });
    nodes = await mesh.join("a", "b", "c");
    await converge(mesh, 2_000);
  });
  afterEach(() => mesh.close());

  const look = () => {
    mesh.core.context.live.look();
    return meshView(mesh.core.context, {} as ControlStatus);
  };
  const reportOf = (name: string): NodeReport | null => look().nodes.find((node) => node.name === name)!.report;
  const link = (from: string, to: string): MeshLink | undefined =>
    reportOf(from)?.peers.find(({ peer }) => peer === to);
  /** Looks every second, as the page does. */
  const watch = async (seconds: number): Promise<void> => {
    for (let second = 0; second < seconds; second++) {
      look();
      await mesh.time.run(1_000);
    }
  };
  const kept = (): number => mesh.core.context.live.size;

  it("has a report of every node within a heartbeat, new ones each second, and none when nobody looks", async () => {
    await mesh.time.run(60_000);
    expect(kept()).toBe(0);
    expect(look().nodes.map(({ report }) => report)).toEqual([null, null, null]);
    await watch(6);
    expect(nodes.map(({ stack }) => stack.echo.openSockets)).toEqual([1, 1, 1]);
    for (const { name } of nodes) {
      const report = reportOf(name)!;
      expect(report.ageMs).toBeLessThan(1_100);
      expect(report.appliedRevision).toBe(mesh.core.context.netmap.revision);
      expect(report.peers.map(({ peer }) => peer).sort()).toEqual(["a", "b", "c"].filter((each) => each !== name));
    }
    // Ten seconds until nobody looks, a heartbeat until the nodes know.
    await mesh.time.run(16_000);
    expect(kept()).toBe(0);
    expect(nodes.map(({ stack }) => stack.echo.openSockets)).toEqual([0, 0, 0]);
  });

  it("shows traffic, and the way it goes", async () => {
    const [a, b] = nodes as [SimNode, SimNode];
    const [from, to] = [await a.addPod("web"), await b.addPod("db")];
    await watch(7);
    expect(reportOf("a")).toMatchObject({ txBitsPerSecond: expect.any(Number), podCount: 1 });
    const ledger = new Ledger(mesh, randomFor(SEED, "packets"));
    for (let second = 0; second < 3; second++) {
      for (let i = 0; i < 10; i++)
        ledger.sendBurst({ node: a, address: from.addresses[0]! }, { node: b, address: to.addresses[0]! }, 1_400);
      await watch(1);
    }
    expect(ledger.settle()).toEqual({ missing: [], repeated: [] });
    // Ten bursts of about 34 KB a second.
    expect(link("a", "b")!.txBitsPerSecond).toBeGreaterThan(2_000_000);
    expect(link("b", "a")!.rxBitsPerSecond).toBeGreaterThan(2_000_000);
    expect(link("a", "c")!.txBitsPerSecond).toBeLessThan(10_000);
    const isSealed = settings.cipher !== undefined;
    expect(link("a", "b")).toMatchObject({
      ...{ path: "encapsulated", cipher: settings.cipher ?? "none", session: isSealed ? "up" : null },
    });
  });

  it("shows round trips as long as packets are under way, and none over a path that is cut", async () => {
    await watch(8);
    for (const from of nodes) for (const to of nodes) if (from !== to) expect(link(from.name, to.name)!.rttMs).toBe(6);
    mesh.cut(mesh.node("a"), mesh.node("b"));
    await watch(4);
    expect([link("a", "b")!.rttMs, link("b", "a")!.rttMs, link("a", "c")!.rttMs]).toEqual([null, null, 6]);
    mesh.heal(mesh.node("a"), mesh.node("b"));
    // A sealed path may have begun a new handshake.
    await watch(10);
    expect([link("a", "b")!.rttMs, link("b", "a")!.rttMs]).toEqual([6, 6]);
  });

  it("shows the last of a node that died, growing older, and begins anew when it is back", async () => {
    await watch(8);
    mesh.node("c").crash();
    await watch(20);
    const c = look().nodes.find(({ name }) => name === "c")!;
    expect(c.state).toBe("down");
    expect(c.report!.ageMs).toBeGreaterThan(19_000);
    expect(link("a", "c")!.rttMs).toBeNull();
    await mesh.time.complete("c starts again", mesh.node("c").start());
    const rates: (number | null)[] = [];
    for (let second = 0; second < 10; second++) {
      await watch(1);
      const report = reportOf("c")!;
      rates.push(report.txBitsPerSecond);
      if (report.ageMs < 1_000) expect(report.txBitsPerSecond ?? 0).toBeLessThan(10_000);
    }
    expect(Math.min(...rates.map((rate) => rate ?? 0))).toBe(0);
    expect(reportOf("c")!.ageMs).toBeLessThan(1_100);
    expect(link("a", "c")!.rttMs).toBe(6);
  });

  it("goes on when the control plane was away for a while", async () => {
    await watch(8);
    await mesh.control.crash();
    await mesh.time.run(30_000);
    await mesh.control.start();
    expect(look().nodes.map(({ report }) => report)).toEqual([null, null, null]);
    await watch(30);
    for (const { name } of nodes) expect(reportOf(name)!.ageMs).toBeLessThan(1_100);
  });
});
