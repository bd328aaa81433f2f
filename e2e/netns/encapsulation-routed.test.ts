import type { NodeInfo, PeerInfo } from "@warren/common/api/types.ts";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type Lab, uniqueLabName } from "../lab/lab.ts";
import { ping } from "../lab/measure.ts";
import { ipBatch } from "../lab/netns.ts";
import { countWire, readWire } from "../lab/plain-wire.ts";
import type { LabPod } from "../lab/pod.ts";
import { transfer } from "../lab/transfer.ts";
import { createTwoSubnets, type TwoSubnets } from "../lab/two-subnets.ts";
import { waitFor } from "../lab/wait-for.ts";
import { describeAsRoot } from "./as-root.ts";

describeAsRoot("two nodes in one subnet and a third behind a router", () => {
  let subnets: TwoSubnets;
  let lab: Lab;
  const pods: LabPod[] = [];
  beforeAll(async () => {
    subnets = await createTwoSubnets(uniqueLabName("wr"), 3);
    lab = subnets.lab;
    await lab.startControl({ flags: ["--encapsulation", "cross-subnet"] });
    for (const number of [1, 2]) await lab.startAgent(number);
    await lab.startAgent(3, { underlay: subnets.farUnderlay });
    for (const number of [1, 2, 3]) pods.push(await lab.addPod(number, "pod"));
    await lab.meshReady();
  });
  afterAll(() => lab?.close());

  /** How host 1 and host 3 reach the others, by the others' numbers. */
  const paths = async () => {
    const seen = async (host: number) =>
      Object.fromEntries(
        (await lab.warren<PeerInfo[]>(host, "peers")).map((peer) => [peer.name.slice(-1), peer.path] as const),
      );
    return { 1: await seen(1), 3: await seen(3) };
  };
  const becomes = (expected: Awaited<ReturnType<typeof paths>>) =>
    waitFor("the paths", async () => {
      const now = await paths();
      if (JSON.stringify(now) !== JSON.stringify(expected)) throw new Error(JSON.stringify(now));
      return true;
    });
  const allReach = async () => {
    for (const from of pods)
      for (const to of pods)
        if (from !== to)
          expect(await ping(from.netns, to.address(), { count: 2 }), `${from.label} to ${to.label}`).toMatchObject({
            received: 2,
          });
  };

  it("cross-subnet: the neighbour is reached plainly, the far one through the tunnel, and all reach all", async () => {
    await becomes({ 1: { 2: "direct", 3: "encapsulated" }, 3: { 1: "encapsulated", 2: "encapsulated" } });
    await allReach();
    await countWire(lab.host(1));
    expect(await ping(pods[0]!.netns, pods[1]!.address(), { count: 3 })).toMatchObject({ received: 3 });
    expect(await readWire(lab.host(1))).toEqual({ vxlan: 0, plain: 6 });
    await countWire(lab.host(1));
    expect(await ping(pods[0]!.netns, pods[2]!.address(), { count: 3 })).toMatchObject({ received: 3 });
    expect(await readWire(lab.host(1))).toEqual({ vxlan: 6, plain: 0 });
  });

  it("never: the far one is reached plainly too, over a router that knows the pod CIDRs", async () => {
    const nodes = await lab.warren<NodeInfo[]>("control", "nodes");
    const lines = nodes.map((node) => `route add ${node.podCidrs[0]} via ${node.underlayAddress}`);
    await ipBatch(lines, subnets.router);
    await lab.warren("control", "cluster", "set", "encapsulation=never");
    await becomes({ 1: { 2: "direct", 3: "direct" }, 3: { 1: "direct", 2: "direct" } });
    const far = await lab.host(1).run("ip", ["route", "show", "proto", "119", "via", "198.18.0.254"]);
    expect(far.stdout).toContain(nodes.find((node) => node.underlayAddress === subnets.farUnderlay)!.podCidrs[0]);
    await countWire(lab.host(1));
    await allReach();
    const { sent, arrived } = await transfer(pods[0]!.netns, pods[2]!, pods[2]!.address(), 7100, 16);
    expect(arrived).toEqual(sent);
    expect((await readWire(lab.host(1))).vxlan).toBe(0);
  });

  it("never: follows the host to another router within half a minute", async () => {
    await ipBatch(["address add 198.18.0.253/24 dev eth0"], subnets.router);
    await ipBatch(["route replace 198.18.1.0/24 via 198.18.0.253"], lab.host(1).netns);
    const args = ["route", "show", "proto", "119", "via", "198.18.0.253"];
    await waitFor("the plain route to move", async () => (await lab.host(1).run("ip", args)).stdout !== "", {
      timeoutMs: 45_000,
    });
    expect(await ping(pods[0]!.netns, pods[2]!.address(), { count: 2 })).toMatchObject({ received: 2 });
  });

  it("always: back in the tunnel, and a node that leaves takes its routes with it", async () => {
    await lab.warren("control", "cluster", "set", "encapsulation=cross-subnet");
    await becomes({ 1: { 2: "direct", 3: "encapsulated" }, 3: { 1: "encapsulated", 2: "encapsulated" } });
    await allReach();
    await lab.warren(2, "pod", "del", "pod");
    await lab.warren(2, "leave");
    await waitFor("the node to be gone", async () => (await lab.warren<PeerInfo[]>(1, "peers")).length === 1);
    const left = await lab.host(1).run("ip", ["route", "show", "proto", "119", "dev", "eth0"]);
    expect(left.stdout).toBe("");
  });
});
