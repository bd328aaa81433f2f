import type { NodeMessage } from "@warren/common/rpc/messages.ts";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { converge } from "./sim/convergence.ts";
import { Ledger } from "./sim/ledger.ts";
import { randomFor, SEED } from "./sim/seed.ts";
import { SimMesh } from "./sim/sim-mesh.ts";
import type { SimNode } from "./sim/sim-node.ts";

const HOUR_MS = 3_600_000;
/** The last heartbeat may be up to 5.5 s old when the node falls silent; marking waits for company for up to 1 s. */
const DOWN_MS = { least: 15_000 - 5_500, most: 15_000 + 1_100 };

describe(`liveness (WARREN_SEED=${SEED})`, () => {
  let mesh: SimMesh;
  let nodes: SimNode[];

  beforeEach(async () => {
    // Four pod CIDRs: a fifth node gets one only if another's is taken away.
    mesh = await SimMesh.start({ seed: SEED, settings: { pools: ["10.244.0.0/22"] } });
    nodes = await mesh.join("a", "b", "c", "d");
    await converge(mesh, 2_000);
    await mesh.time.run(60_000);
  });
  afterEach(() => mesh.close());

  const stateOf = (name: string): NodeMessage["state"] | undefined =>
    mesh.core.context.netmap.nodes().find((node) => node.name === name)?.state;
  const untilState = (name: string, state: string, limitMs: number): Promise<number> =>
    mesh.time.until(`${name} is ${state}`, () => stateOf(name) === `NODE_STATE_${state}`, limitMs);

  it("calls a node down 15 s after it was heard of last, and ready as soon as it is heard of again", async () => {
    mesh.node("c").crash();
    const silentMs = await untilState("c", "DOWN", 30_000);
    expect(silentMs).toBeGreaterThanOrEqual(DOWN_MS.least);
    expect(silentMs).toBeLessThanOrEqual(DOWN_MS.most);
    await mesh.time.complete("c starts again", mesh.node("c").start());
    expect(await untilState("c", "READY", 1_000)).toBeLessThan(100);
    await converge(mesh, 200);
  });

  it("sends on to a node that is down only for the control plane", async () => {
    const ends = [];
    for (const node of nodes) ends.push({ node, address: (await node.addPod("web")).addresses[0]! });
    mesh.rpc.cut("c");
    await untilState("c", "DOWN", 30_000);
    await mesh.time.run(HOUR_MS);
    const ledger = new Ledger(mesh, randomFor(SEED, "packets"));
    for (const from of ends) for (const to of ends) if (from !== to) ledger.sendBurst(from, to, 1450);
    await mesh.time.run(100);
    expect(ledger.settle().missing).toEqual([]);
    expect(ledger.faults).toEqual([]);
    mesh.rpc.heal("c");
    await untilState("c", "READY", 30_000);
  });

  it("calls nobody down who is only slow, whose messages get stuck for seconds", async () => {
    mesh.rpc.weather = { delayMs: 200, jitterMs: 300, stallRate: 0.05, stallMs: 4_000 };
    const seen = new Set<string>();
    mesh.core.context.view.onChange(() => {
      for (const { state } of mesh.core.context.view.heard.values()) seen.add(state);
    });
    await mesh.time.run(HOUR_MS);
    expect([...seen]).not.toContain("down");
  });

  it("calls nobody down because the control plane itself was away", async () => {
    await mesh.control.crash();
    await mesh.time.run(10 * 60_000);
    await mesh.control.start();
    await mesh.time.run(14_000);
    for (const name of ["a", "b", "c"]) expect(stateOf(name)).toBe("NODE_STATE_READY");
    await mesh.time.run(60_000);
    for (const name of ["a", "b", "c"]) expect(stateOf(name)).toBe("NODE_STATE_READY");
  });

  it("still notices, after a restart of the control plane, who went away meanwhile", async () => {
    await mesh.control.crash();
    mesh.node("c").crash();
    await mesh.time.run(60_000);
    await mesh.control.start();
    await untilState("c", "DOWN", DOWN_MS.most);
    expect(stateOf("a")).toBe("NODE_STATE_READY");
  });

  it.each([
    ["a day ahead", 24 * HOUR_MS],
    ["a year back", -365 * 24 * HOUR_MS],
  ])("takes nobody's address away when the control plane's clock steps %s", async (_what, stepMs) => {
    const before = nodes.map((node) => node.forwardedPrefixes);
    mesh.node("c").crash();
    await untilState("c", "DOWN", 30_000);
    mesh.control.wall.aheadMs += stepMs;
    for (let second = 0; second < 60; second++) {
      await mesh.time.run(1_000);
      for (const name of ["a", "b", "d"]) expect(stateOf(name)).toBe("NODE_STATE_READY");
    }
    const e = mesh.addMachine("e");
    await expect(mesh.time.complete("e joins", e.start())).rejects.toMatchObject({ code: "pool-exhausted" });
    await mesh.time.complete("c starts again", mesh.node("c").start());
    await converge(mesh, 1_000);
    expect(nodes.map((node) => node.forwardedPrefixes)).toEqual(before);
  });

  it("tells the operator of a node whose clock is off", async () => {
    mesh.node("b").wall.aheadMs = 120_000;
    await mesh.time.run(10_000);
    expect(mesh.node("b").agent.status().warnings).toContainEqual(
      expect.stringMatching(/clock of this host is 2 min ahead of the control plane's/),
    );
    expect(mesh.node("a").agent.status().warnings).toEqual([]);
  });
});
