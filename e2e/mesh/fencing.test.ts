import { buildPacket } from "@warren/agent/dataplane/testing/packets.ts";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { converge, lagOf } from "./sim/convergence.ts";
import { SEED } from "./sim/seed.ts";
import { SimMesh } from "./sim/sim-mesh.ts";
import type { SimNode } from "./sim/sim-node.ts";

const HOUR_MS = 3_600_000;
const RETENTION_MS = 24 * HOUR_MS;

describe(`fencing (WARREN_SEED=${SEED})`, () => {
  let mesh: SimMesh;
  let a: SimNode;
  let b: SimNode;
  /** A pod on a, the packet from a pod on b to it, and its answer. */
  let web: string;
  let request: Uint8Array;
  let answer: Uint8Array;

  beforeEach(async () => {
    // Two pod CIDRs, both taken: the next node can only get one whose holder is gone for good.
    mesh = await SimMesh.start({ seed: SEED, settings: { pools: ["10.244.0.0/23"] } });
    [a] = (await mesh.join("a")) as [SimNode];
    [b] = (await mesh.join("b")) as [SimNode];
    web = (await a.addPod("web")).addresses[0]!;
    const client = (await b.addPod("client")).addresses[0]!;
    request = buildPacket({ src: client, dst: web, protocol: "udp", payload: new Uint8Array(20).fill(1) });
    answer = buildPacket({ src: web, dst: client, protocol: "udp", payload: new Uint8Array(20).fill(2) });
    await converge(mesh, 2_000);
  });
  afterEach(() => mesh.close());

  const epochOf = (cidr: string): number => mesh.core.context.view.leases.get(cidr)!.epoch;
  const drops = (node: SimNode, reason: string): number => node.agent.status().dataplane.drops[reason]!;

  async function joinAs(name: string): Promise<SimNode> {
    const node = mesh.addMachine(name);
    await mesh.time.complete(`${name} joins`, node.start());
    await converge(mesh, 1_000);
    return node;
  }

  it("keeps a pod CIDR for a node that is away for less than a day, and refuses it to others", async () => {
    a.crash();
    await mesh.time.run(RETENTION_MS - 60_000);
    const c = mesh.addMachine("c");
    await expect(mesh.time.complete("c joins", c.start())).rejects.toMatchObject({
      code: "pool-exhausted",
      message: expect.stringContaining("10.244.0.0/23 has 2 of /24, 2 leased"),
    });
    await mesh.time.complete("a comes back", a.start());
    expect(a.forwardedPrefixes).toEqual(["10.244.0.0/24"]);
    expect(a.agent.listPods().map((pod) => pod.addresses)).toEqual([[web]]);
    expect(epochOf("10.244.0.0/24")).toBe(1);
  });

  it("gives the pod CIDR of a node that is away for longer to the next, and tells the old holder who has it", async () => {
    a.crash();
    await mesh.time.run(RETENTION_MS + 60_000);
    const c = await joinAs("c");
    expect(c.forwardedPrefixes).toEqual(["10.244.0.0/24"]);
    expect(epochOf("10.244.0.0/24")).toBe(2);

    await expect(mesh.time.complete("a comes back", a.start())).rejects.toMatchObject({
      code: "lease-lost",
      message: expect.stringMatching(/10\.244\.0\.0\/24 .* node c \(\w+\) has it, with epoch 2.*--accept-new-lease/s),
    });
    expect(a.isUp).toBe(false);
    expect(a.forwardedPrefixes).toEqual([]);
    expect(a.pendingTimers).toBe(0);
    const other = (await c.addPod("other")).addresses[0]!;
    expect(other).toBe(web);
    b.stack.send(request);
    await mesh.time.run(100);
    expect(mesh.arrivals).toEqual([{ node: "c", at: web, packet: request }]);
  });

  it("gives the pods of an old holder new addresses when it is told to, and a pod CIDR is free", async () => {
    a.crash();
    await mesh.time.run(RETENTION_MS + 60_000);
    await joinAs("c");
    await b.agent.deletePod("default", "client");
    await mesh.time.complete("b leaves", b.leave(true));
    await mesh.time.complete("a comes back", a.start({ acceptNewLease: true }));
    await converge(mesh, 1_000);
    expect(a.forwardedPrefixes).toEqual(["10.244.1.0/24"]);
    expect(a.agent.listPods().map((pod) => pod.addresses)).toEqual([["10.244.1.2"]]);
    expect([...a.stack.pods.made.values()].map((pod) => pod.addresses)).toEqual([["10.244.1.2"]]);
  });

  it("fences a node that ran on, cut off, while its pod CIDR went to another", async () => {
    mesh.rpc.cut("a");
    await mesh.time.run(RETENTION_MS + 60_000);
    const c = mesh.addMachine("c");
    await mesh.time.complete("c joins", c.start());
    await mesh.time.run(200);
    for (const node of [b, c]) expect(lagOf(mesh, node)).toBeNull();
    await c.addPod("other");

    // It cannot know yet, and forwards; but whoever has the present netmap neither sends to it nor takes anything from it.
    expect(a.forwardedPrefixes).toEqual(["10.244.0.0/24"]);
    b.stack.send(request);
    a.stack.send(answer);
    await mesh.time.run(100);
    expect(mesh.arrivals).toEqual([{ node: "c", at: web, packet: request }]);
    expect(drops(b, "unknown-peer")).toBe(1);

    mesh.rpc.heal("a");
    await mesh.time.until("a is fenced", () => a.forwardedPrefixes.length === 0, 30_000);
    const { ready, warnings } = a.agent.status();
    expect(ready).toBe(false);
    await mesh.time.run(60_000);
    expect(a.agent.status().warnings[0]).toMatch(/pod CIDR went to another node, nothing is forwarded.*node c \(\w+\)/);
    expect(warnings[0]).toMatch(/nothing is forwarded/);
    const sent = a.plane!.stats().syscalls.udpSend;
    a.stack.send(answer);
    await mesh.time.run(100);
    expect(a.plane!.stats().syscalls.udpSend).toBe(sent);
    await expect(a.addPod("more")).rejects.toMatchObject({ code: "lease-lost" });
  });

  it("lets a fenced node forward again under a new lease once its pods are gone", async () => {
    mesh.rpc.cut("a");
    await mesh.time.run(RETENTION_MS + 60_000);
    const c = mesh.addMachine("c");
    await mesh.time.complete("c joins", c.start());
    mesh.rpc.heal("a");
    await mesh.time.until("a is fenced", () => a.forwardedPrefixes.length === 0, 30_000);
    await a.agent.deletePod("default", "web");
    await b.agent.deletePod("default", "client");
    await mesh.time.complete("b leaves", b.leave(true));
    await mesh.time.until("a has a lease", () => a.forwardedPrefixes.length > 0, 60_000);
    await converge(mesh, 1_000);
    expect(a.forwardedPrefixes).toEqual(["10.244.1.0/24"]);
  });

  it("keeps the lease of a node that is away while the control plane is away, too: it could not be heard", async () => {
    a.crash();
    await mesh.time.run(60_000);
    await mesh.control.crash();
    await mesh.time.run(3 * RETENTION_MS);
    await mesh.control.start();
    await mesh.time.run(30_000);
    const c = mesh.addMachine("c");
    await expect(mesh.time.complete("c joins", c.start())).rejects.toMatchObject({ code: "pool-exhausted" });
    await mesh.time.complete("a comes back", a.start());
    expect(a.forwardedPrefixes).toEqual(["10.244.0.0/24"]);
  });
});
