import { afterEach, describe, expect, it } from "vitest";
import { converge, statusOf } from "./sim/convergence.ts";
import { type Endpoint, Ledger } from "./sim/ledger.ts";
import { randomFor, SEED } from "./sim/seed.ts";
import { SimMesh } from "./sim/sim-mesh.ts";

const NODES = 50;

describe(`fifty nodes (WARREN_SEED=${SEED})`, () => {
  let mesh: SimMesh;
  afterEach(() => mesh?.close());

  const names = Array.from({ length: NODES }, (_, i) => `n${i}`);

  /** What has gone over the wire so far, in words. */
  function traffic(): string {
    const { updates } = mesh.rpc;
    const snapshots = updates.filter(({ kind }) => kind === "snapshot").length;
    const bytes = updates.reduce((sum, update) => sum + update.bytes, 0);
    const kibibytes = Math.round(bytes / 1024);
    return `${snapshots} snapshots and ${updates.length - snapshots} deltas, ${kibibytes} KiB; ${mesh.time.events} events`;
  }

  it("join at once: one tick merges all of it, and every pod reaches every other", async () => {
    mesh = await SimMesh.start({ seed: SEED });
    const nodes = await mesh.join(...names);
    await converge(mesh, 1_000);
    const convergedMs = mesh.time.monotonicMs();
    console.info(`${NODES} nodes at once: all agree after ${Math.round(convergedMs)} ms; ${traffic()}`);
    expect(convergedMs).toBeLessThan(1_000);
    // Without the merging each of the 50 would get each of the 50 changes by itself.
    expect(mesh.rpc.updates.length).toBeLessThanOrEqual(NODES * 2);
    expect(new Set(nodes.flatMap((node) => node.forwardedPrefixes)).size).toBe(NODES);

    const pods: Endpoint[] = [];
    for (const node of nodes) pods.push({ node, address: (await node.addPod("web")).addresses[0]! });
    const ledger = new Ledger(mesh, randomFor(SEED, "packets"));
    for (const from of pods) for (const to of pods) if (from !== to) ledger.sendOne(from, to);
    await mesh.time.run(100);
    expect(ledger.settle()).toEqual({ missing: [], repeated: [] });
    expect(ledger.faults).toEqual([]);
  });

  it("join one after the other: each is known to all within a tick and the way, in one small update", async () => {
    mesh = await SimMesh.start({ seed: SEED });
    const tookMs: number[] = [];
    for (const [count, name] of names.entries()) {
      const node = mesh.addMachine(name);
      const started = node.start();
      const { context } = mesh.core;
      const known = (): boolean => context.netmap.nodes().length > count;
      await mesh.time.until(`${name} has a lease`, () => context.view.leases.size > count, 5_000);
      const all = (): boolean =>
        known() &&
        [...mesh.nodes.values()].every((each) => statusOf(each)?.netmap.revision === context.netmap.revision);
      tookMs.push(await mesh.time.until(`all know ${name}`, all, 1_000));
      await mesh.time.complete(`${name} starts`, started);
      await mesh.time.run(100);
    }
    tookMs.sort((x, y) => x - y);
    const [median, slowest] = [tookMs[NODES >> 1]!, tookMs.at(-1)!];
    console.info(
      `${NODES} nodes in a row: known to all ${Math.round(median)} ms (median), ${Math.round(slowest)} ms (slowest) ` +
        `after the lease; ${traffic()}`,
    );
    expect(slowest).toBeLessThan(100);
    expect(mesh.rpc.updates.length).toBeLessThan((NODES * (NODES + 1)) / 2 + NODES * 3);
    await converge(mesh, 100);
  });

  it("all come back after the control plane was away for an hour, not in the same moment", async () => {
    mesh = await SimMesh.start({ seed: SEED });
    await mesh.join(...names);
    await mesh.control.crash();
    await mesh.time.run(3_600_000);
    await mesh.control.start();
    const before = mesh.rpc.updates.length;
    await mesh.time.run(20_000);
    await converge(mesh, 1_000);
    const perSecond = new Map<number, number>();
    for (const { atMs } of mesh.rpc.updates.slice(before)) {
      const second = Math.floor(atMs / 1_000);
      perSecond.set(second, (perSecond.get(second) ?? 0) + 1);
    }
    expect(mesh.rpc.updates.length - before).toBe(NODES);
    expect(Math.max(...perSecond.values())).toBeLessThan(NODES / 3);
    for (const node of mesh.nodes.values()) expect(node.agent.status().control.connected).toBe(true);
  });
});
