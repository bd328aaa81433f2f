import type { AgentIpam, AgentStatus, NodeInfo, PodInfo } from "@warren/common/api/types.ts";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { uniqueLabName } from "../lab/lab.ts";
import { mapLimit } from "../lab/map-limit.ts";
import { ping } from "../lab/measure.ts";
import { createMesh, DUAL_STACK, type Mesh } from "../lab/mesh.ts";
import { type LabPod, podProgram } from "../lab/pod.ts";
import { transfer } from "../lab/transfer.ts";
import { waitFor } from "../lab/wait-for.ts";
import { WARREN } from "../lab/warren-process.ts";
import { describeAsRoot } from "./as-root.ts";

const PORT = "8080";

/** Address at which a server in `server` sees a client in the namespace. */
async function seenAs(server: LabPod, address: string, clientNetns: (p: string, a: string[]) => Promise<string>) {
  expect(server.addresses).toContain(address);
  const answer = await clientNetns(process.execPath, [podProgram("tcp-whoami-client.mjs"), address, PORT]);
  return (JSON.parse(answer) as { seenAs: string }).seenAs;
}

async function startWhoami(pod: LabPod): Promise<void> {
  const server = await pod.spawn(process.execPath, [podProgram("tcp-whoami-server.mjs"), PORT]);
  await waitFor("the server to listen", () => server.log().includes("listening"));
}

describeAsRoot("a mesh of three nodes with two pods each", () => {
  let mesh: Mesh;
  beforeAll(async () => {
    mesh = await createMesh({ name: uniqueLabName("wl"), nodes: 3, pods: 2 });
  });
  afterAll(() => mesh?.lab.close());

  it("gives each node a pod CIDR of its own and each pod an address in it", async () => {
    const nodes = await mesh.lab.warren<NodeInfo[]>("control", "nodes");
    expect(new Set(nodes.flatMap((node) => node.podCidrs)).size).toBe(3);
    expect(new Set(mesh.pods.map((pod) => pod.address())).size).toBe(6);
    for (const pod of mesh.pods) {
      const { leases } = await mesh.lab.warren<AgentIpam>(pod.hostNumber, "ipam");
      const prefix = leases[0]!.cidr.replace(/\.0\/24$/, ".");
      expect(pod.address().startsWith(prefix)).toBe(true);
    }
  });

  it("lets every pod ping every other pod", async () => {
    const pairs = mesh.pods.flatMap((from) => mesh.pods.filter((to) => to !== from).map((to) => ({ from, to })));
    const results = await mapLimit(pairs, 4, ({ from, to }) => ping(from.netns, to.address(), { count: 2 }));
    const lost = pairs.filter((_, index) => results[index]!.received < 2).map(({ from, to }) => [from.label, to.label]);
    expect(lost).toEqual([]);
    expect(results).toHaveLength(30);
  });

  it("translates no address: servers see the pods, and a node by its own address in its pod CIDR", async () => {
    const server = mesh.pod(1);
    await startWhoami(server);
    for (const client of [mesh.pod(1, 2), mesh.pod(2), mesh.pod(3)])
      expect(
        await seenAs(server, server.address(), async (p, a) => (await client.run(p, a)).stdout),
        client.label,
      ).toBe(client.address());
    for (const number of [2, 3]) {
      const { leases } = await mesh.lab.warren<AgentIpam>(number, "ipam");
      const seen = await seenAs(
        server,
        server.address(),
        async (p, a) => (await mesh.lab.host(number).run(p, a)).stdout,
      );
      expect(seen).toBe(leases[0]!.nodeAddress);
    }
  });

  it("lets nodes and pods reach each other in both directions, at the nodes' overlay addresses", async () => {
    for (const number of [1, 2, 3]) {
      const { leases } = await mesh.lab.warren<AgentIpam>(number, "ipam");
      for (const pod of mesh.pods) {
        expect(await ping(mesh.lab.host(number).netns, pod.address(), { count: 1 })).toMatchObject({ received: 1 });
        expect(await ping(pod.netns, leases[0]!.nodeAddress, { count: 1 })).toMatchObject({ received: 1 });
      }
    }
  });

  it("carries a large TCP transfer to the last bit, in both directions", async () => {
    for (const [from, to] of [
      [mesh.pod(1), mesh.pod(3)],
      [mesh.pod(3), mesh.pod(1)],
    ] as const) {
      const { sent, arrived } = await transfer(from.netns, to, to.address(), 7100, 64);
      expect(arrived).toEqual(sent);
    }
  });

  it("gives a removed pod's network back, and a new one works at once", async () => {
    const added = await mesh.lab.addPod(2, "short-lived");
    expect(await ping(mesh.pod(1).netns, added.address(), { count: 1 })).toMatchObject({ received: 1 });
    await mesh.lab.warren<PodInfo>(2, "pod", "del", "short-lived");
    expect(await ping(mesh.pod(1).netns, added.address(), { count: 1, waitMs: 300 })).toMatchObject({ received: 0 });
    const names = (await mesh.lab.warren<PodInfo[]>(2, "pod", "list")).map((pod) => pod.name);
    expect(names).toEqual(["pod-1", "pod-2"]);
  });

  it("runs a pod's program in the pod and a command beside it", async () => {
    const pod = await mesh.lab.addPod(3, "sleeper", "--label", "app=test", "--", "sleep", "1000");
    expect(pod).toMatchObject({ labels: { app: "test" }, process: { running: true } });
    const inside = ["--run-dir", mesh.lab.agent(3).runDir, "--", "ip", "-o", "address", "show", "dev", "eth0"];
    const { stdout } = await mesh.lab.host(3).run(WARREN, ["pod", "exec", "sleeper", ...inside]);
    expect(stdout).toContain(pod.address());
    await mesh.lab.warren(3, "pod", "del", "sleeper");
    expect(() => process.kill(pod.process!.pid, 0)).toThrow();
  });

  it("counts what it carries and drops nothing of it", async () => {
    const status = await mesh.lab.warren<AgentStatus>(1, "status");
    expect(status.dataplane.txPackets).toBeGreaterThan(0);
    expect(status.dataplane.rxPackets).toBeGreaterThan(0);
    const { "not-local": _, "no-route": __, ...drops } = status.dataplane.drops;
    expect(Object.entries(drops).filter(([, count]) => count > 0)).toEqual([]);
    expect(status.warnings).toEqual([]);
  });
});

describe.each([4, 6] as const)("dual stack over an IPv%i underlay", (family) => {
  describeAsRoot("two nodes", () => {
    let mesh: Mesh;
    beforeAll(async () => {
      mesh = await createMesh({ name: uniqueLabName("wl"), nodes: 2, family, control: { flags: DUAL_STACK } });
    });
    afterAll(() => mesh?.lab.close());

    it("gives each pod an address of both families", () => {
      for (const pod of mesh.pods)
        expect([pod.address(4).includes("."), pod.address(6).includes(":")]).toEqual([true, true]);
    });

    it.each([4, 6] as const)("pods and nodes reach each other over IPv%i, without NAT", async (inner) => {
      const [one, two] = [mesh.pod(1), mesh.pod(2)];
      expect(await ping(one.netns, two.address(inner), { count: 2 })).toMatchObject({ received: 2 });
      expect(await ping(two.netns, one.address(inner), { count: 2 })).toMatchObject({ received: 2 });
      expect(await ping(mesh.lab.host(1).netns, two.address(inner), { count: 1 })).toMatchObject({ received: 1 });
      if (inner === 4) await startWhoami(two);
      expect(await seenAs(two, two.address(inner), async (p, a) => (await one.run(p, a)).stdout)).toBe(
        one.address(inner),
      );
    });

    it.each([4, 6] as const)("a large TCP transfer over IPv%i arrives to the last bit", async (inner) => {
      const to = mesh.pod(2);
      const { sent, arrived } = await transfer(mesh.pod(1).netns, to, to.address(inner), 7100, 32);
      expect(arrived).toEqual(sent);
    });
  });
});
