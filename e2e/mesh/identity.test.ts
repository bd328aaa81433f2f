import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { converge } from "./sim/convergence.ts";
import { type Endpoint, Ledger } from "./sim/ledger.ts";
import { randomFor, SEED } from "./sim/seed.ts";
import { SimMesh } from "./sim/sim-mesh.ts";
import type { SimNode } from "./sim/sim-node.ts";

/** Liveness, and the longest pause between two tries of one that is refused. */
const TAKEN_OVER_MS = 15_000 + 23_000;

describe(`a state directory that was copied to a second host (WARREN_SEED=${SEED})`, () => {
  let mesh: SimMesh;
  let a: SimNode;
  let b: SimNode;
  let copy: SimNode;
  let ends: Endpoint[];

  beforeEach(async () => {
    mesh = await SimMesh.start({ seed: SEED });
    [a, b] = (await mesh.join("a", "b")) as [SimNode, SimNode];
    ends = [];
    for (const node of [a, b]) ends.push({ node, address: (await node.addPod("web")).addresses[0]! });
    await converge(mesh, 2_000);
    // The disk follows within a second.
    await mesh.time.run(2_000);
    copy = mesh.addMachine("copy-of-a", "a");
    copy.copyState(a);
  });
  afterEach(() => mesh.close());

  async function expectReach(): Promise<void> {
    const ledger = new Ledger(mesh, randomFor(SEED, `packets at ${mesh.time.monotonicMs()}`));
    for (const from of ends) for (const to of ends) if (from !== to) ledger.sendBurst(from, to, 1450);
    await mesh.time.run(100);
    expect(ledger.settle()).toEqual({ missing: [], repeated: [] });
    expect(ledger.faults).toEqual([]);
  }

  it("does not start there: it waits for the first to go, in vain, and names both", async () => {
    const forwarded: (readonly string[])[] = [];
    mesh.onChange = () => forwarded.push(copy.forwardedPrefixes);
    const started = mesh.time.monotonicMs();
    const refused = mesh.time.complete("the copy starts", copy.start());
    await expect(refused).rejects.toMatchObject({ code: "identity-in-use" });
    await expect(refused).rejects.toThrow(/host a at 192\.0\.2\.1 has it, so host copy-of-a at 192\.0\.2\.3 cannot/);
    expect(mesh.time.monotonicMs() - started).toBeGreaterThan(15_000);
    // Not for a moment, although its disk has a netmap.
    expect(forwarded.flat()).toEqual([]);
    expect(copy.pendingTimers).toBe(0);
    await expectReach();

    await mesh.time.run(10_000);
    const { ready, warnings } = a.agent.status();
    expect(ready).toBe(true);
    expect(warnings).toEqual([
      expect.stringMatching(/another host, copy-of-a at 192\.0\.2\.3, uses this node's identity.*last tried at 2026/),
    ]);
  });

  it("takes the node's place only when the first is gone, and then the first is told so", async () => {
    mesh.rpc.cut("a");
    await mesh.time.run(TAKEN_OVER_MS);
    await mesh.time.complete("the copy starts", copy.start());
    expect(copy.forwardedPrefixes).toEqual(a.forwardedPrefixes);
    mesh.rpc.heal("a");
    await mesh.time.until("a stops to forward", () => a.forwardedPrefixes.length === 0, 30_000);
    await mesh.time.run(20_000);
    const { ready, warnings } = a.agent.status();
    expect(ready).toBe(false);
    expect(warnings[0]).toMatch(
      /nothing is forwarded: the identity of node a .* host copy-of-a at 192\.0\.2\.3 has it/,
    );
    await expect(a.addPod("more")).rejects.toMatchObject({ code: "identity-in-use" });
    expect(copy.agent.status().warnings[0]).toMatch(/another host, a at 192\.0\.2\.1/);

    await mesh.time.complete("the copy stops", copy.stop());
    await mesh.time.until("a forwards again", () => a.forwardedPrefixes.length > 0, TAKEN_OVER_MS);
    await converge(mesh, 1_000);
    await expectReach();
  });

  it("stays refused when the control plane is killed and started again", async () => {
    copy.start().catch(() => {});
    await mesh.time.run(3_000);
    await mesh.control.crash();
    await mesh.time.run(500);
    await mesh.control.start();
    await mesh.time.run(30_000);
    expect(copy.forwardedPrefixes).toEqual([]);
    expect(copy.isUp).toBe(false);
    await expectReach();
  });

  it("is let in at once when it is no copy, but a restart: stopped, killed, or with the control plane", async () => {
    for (const end of [() => mesh.time.complete("a stops", a.stop()), async () => a.crash()]) {
      await end();
      const startedMs = mesh.time.monotonicMs();
      await mesh.time.complete("a starts again", a.start());
      expect(mesh.time.monotonicMs() - startedMs).toBeLessThan(1_000);
    }
    a.crash();
    await mesh.control.crash();
    await mesh.control.start();
    const startedMs = mesh.time.monotonicMs();
    await mesh.time.complete("a starts again", a.start());
    expect(mesh.time.monotonicMs() - startedMs).toBeLessThan(1_000);
    await converge(mesh, 1_000);
    await expectReach();
  });

  it("waits for its forerunner's half-open connection after a power cut, and then goes on", async () => {
    // Nobody is told that the process ended: its machine is off, and comes back.
    mesh.rpc.cut("a");
    a.crash();
    await mesh.time.run(3_000);
    mesh.rpc.heal("a");
    await mesh.time.complete("a starts again", a.start(), 20_000);
    await converge(mesh, 1_000);
    await expectReach();
  });
});
