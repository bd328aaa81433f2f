import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { converge } from "./sim/convergence.ts";
import { type Endpoint, Ledger } from "./sim/ledger.ts";
import { randomFor, SEED } from "./sim/seed.ts";
import { SimMesh } from "./sim/sim-mesh.ts";
import type { SimNode } from "./sim/sim-node.ts";

const HOUR_MS = 3_600_000;
/** Longest back-off of an agent, and the way. */
const RECONNECT_MS = 15_000 + 1_000;

describe(`outages (WARREN_SEED=${SEED})`, () => {
  let mesh: SimMesh;
  let nodes: SimNode[];
  let pods: Endpoint[];

  beforeEach(async () => {
    mesh = await SimMesh.start({ seed: SEED });
    nodes = await mesh.join("a", "b", "c");
    pods = [];
    for (const node of nodes) pods.push({ node, address: (await node.addPod("web")).addresses[0]! });
    await converge(mesh, 2_000);
    // The disk follows within a second.
    await mesh.time.run(2_000);
  });
  afterEach(() => mesh.close());

  async function expectFullReach(): Promise<void> {
    const ledger = new Ledger(mesh, randomFor(SEED, `packets at ${mesh.time.monotonicMs()}`));
    for (const from of pods) for (const to of pods) if (from !== to) ledger.sendBurst(from, to, 1450);
    await mesh.time.run(100);
    expect(ledger.settle()).toEqual({ missing: [], repeated: [] });
    expect(ledger.faults).toEqual([]);
  }

  it("forwards on while the control plane is away, says how old its knowledge is, and finds back", async () => {
    await mesh.control.crash();
    await mesh.time.run(HOUR_MS);
    await expectFullReach();
    for (const node of nodes) {
      const { ready, control, netmap, warnings } = node.agent.status();
      expect({ ready, connected: control.connected, source: netmap.source }).toEqual({
        ready: true,
        connected: false,
        source: "control",
      });
      expect(netmap.ageSeconds).toBeGreaterThan(3_590);
      expect(warnings).toEqual([expect.stringMatching(/not connected to the control plane at control\.test:7443/)]);
    }
    await mesh.control.start();
    await mesh.time.until(
      "all are back",
      () => nodes.every((node) => node.agent.status().control.connected),
      RECONNECT_MS,
    );
    await converge(mesh, 1_000);
    for (const node of nodes) expect(node.agent.status().warnings).toEqual([]);
  });

  it("starts from the netmap on disk while the control plane is away, with the same pods, and shows its age", async () => {
    const before = nodes.map((node) => node.forwardedPrefixes);
    await mesh.control.crash();
    await mesh.time.run(HOUR_MS);
    for (const node of nodes) node.crash();
    await mesh.time.run(10_000);
    await mesh.time.complete("all start again", Promise.all(nodes.map((node) => node.start())));
    expect(nodes.map((node) => node.forwardedPrefixes)).toEqual(before);
    await expectFullReach();
    for (const node of nodes) {
      const { ready, netmap, warnings } = node.agent.status();
      expect({ ready, source: netmap.source }).toEqual({ ready: true, source: "disk" });
      expect(netmap.ageSeconds).toBeGreaterThan(3_600);
      expect(warnings[0]).toMatch(/the netmap is 36\d\d s old/);
    }
    await mesh.control.start();
    await mesh.time.run(RECONNECT_MS);
    await converge(mesh, 1_000);
    for (const node of nodes) expect(node.agent.status().netmap.source).toBe("control");
    await expectFullReach();
  });

  it("cannot start a node that never joined while the control plane is away, and says so", async () => {
    await mesh.control.crash();
    const d = mesh.addMachine("d");
    await expect(mesh.time.complete("d starts", d.start())).rejects.toMatchObject({ code: "unavailable" });
    expect(d.pendingTimers).toBe(0);
  });

  it("keeps every node's pod CIDR and pods over a kill of agents and control plane together", async () => {
    const before = nodes.map((node) => [node.forwardedPrefixes, node.agent.listPods().map((pod) => pod.addresses)]);
    for (const node of nodes) node.crash();
    await mesh.control.crash();
    await mesh.time.run(60_000);
    await mesh.control.start();
    await mesh.time.complete("all start again", Promise.all(nodes.map((node) => node.start())));
    await converge(mesh, 1_000);
    expect(nodes.map((node) => [node.forwardedPrefixes, node.agent.listPods().map((pod) => pod.addresses)])).toEqual(
      before,
    );
    await expectFullReach();
  });

  it("loses nothing between other nodes while one is cut off from the control plane, and one is killed", async () => {
    mesh.rpc.cut("a");
    nodes[2]!.crash();
    await mesh.time.run(60_000);
    pods.pop();
    await expectFullReach();
  });

  /** How many events a step of a join may be killed at; a whole join takes about forty. */
  const MOMENTS = 60;

  it("gives a node that is killed at any moment of its join the same identity and one pod CIDR", async () => {
    for (let moment = 0; moment < MOMENTS; moment += 3) {
      const node = mesh.addMachine(`k${moment}`);
      node.start().catch(() => {});
      const until = mesh.time.events + moment;
      await mesh.time.until("the moment", () => mesh.time.events >= until, 60_000);
      node.crash();
      await mesh.time.run(5_000);
      await mesh.time.complete(`${node.name} starts again`, node.start());
      expect(node.forwardedPrefixes).toHaveLength(1);
    }
    const { view } = mesh.core.context;
    const held = view.leases.values().map((lease) => lease.nodeId);
    expect(view.nodes.size).toBe(nodes.length + MOMENTS / 3);
    expect(new Set(held).size).toBe(held.length);
    await converge(mesh, 1_000);
  });

  it("lets a node join while the control plane is killed and started again at any moment of it", async () => {
    for (let moment = 0; moment < MOMENTS; moment += 3) {
      const node = mesh.addMachine(`k${moment}`);
      const started = node.start();
      const until = mesh.time.events + moment;
      await mesh.time.until("the moment", () => mesh.time.events >= until, 60_000);
      await mesh.control.crash();
      await mesh.time.run(300);
      await mesh.control.start();
      await mesh.time.complete(`${node.name} starts`, started);
      expect(node.forwardedPrefixes).toHaveLength(1);
    }
    await mesh.time.run(RECONNECT_MS);
    await converge(mesh, 1_000);
    await expectFullReach();
  });

  it("leaves no timer behind when an agent is stopped, or leaves, or could not start", async () => {
    await mesh.time.complete("a stops", nodes[0]!.stop());
    await nodes[1]!.agent.deletePod("default", "web");
    await mesh.time.complete("b leaves", nodes[1]!.leave(true));
    const twin = mesh.addMachine("a-twin");
    await mesh.time.complete("the twin joins", twin.start());
    await mesh.time.complete("the twin stops", twin.stop());
    for (const node of [nodes[0]!, nodes[1]!, twin]) expect(node.pendingTimers).toBe(0);
  });

  it("refuses to leave while it has pods", async () => {
    await expect(nodes[0]!.leave(true)).rejects.toMatchObject({ code: "pods-present" });
    await expectFullReach();
  });
});
