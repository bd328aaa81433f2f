import { setTimeout as delay } from "node:timers/promises";
import type { AgentIpam, AgentStatus, ControlIpam, PodInfo } from "@warren/common/api/types.ts";
import { afterAll, beforeAll, expect, it } from "vitest";
import { uniqueLabName } from "../lab/lab.ts";
import { ping } from "../lab/measure.ts";
import { createMesh, type Mesh } from "../lab/mesh.ts";
import { type LabPod, podProgram } from "../lab/pod.ts";
import { waitFor } from "../lab/wait-for.ts";
import type { WarrenProcess } from "../lab/warren-process.ts";
import { describeAsRoot } from "./as-root.ts";

describeAsRoot("kill -9", () => {
  let mesh: Mesh;
  beforeAll(async () => {
    mesh = await createMesh({ name: uniqueLabName("wl"), nodes: 3, pods: 2 });
  });
  afterAll(() => mesh?.lab.close());

  const cidrs = async () => {
    const ipam = await mesh.lab.warren<ControlIpam>("control", "ipam");
    return Object.fromEntries(ipam.leases.map((lease) => [lease.node, lease.cidr]));
  };
  const podsOf = async (host: number) =>
    (await mesh.lab.warren<PodInfo[]>(host, "pod", "list")).map(({ name, addresses }) => ({ name, addresses }));
  const reach = async (from: LabPod, to: LabPod) =>
    waitFor(
      `${from.label} to reach ${to.label}`,
      async () => (await ping(from.netns, to.address(), { count: 1, waitMs: 300 })).received === 1,
    );

  /** A ping that goes on while `body` runs; what was lost is printed, the tests do not depend on it. */
  const underTraffic = async (what: string, body: () => Promise<void>) => {
    const [from, to] = [mesh.pod(1), mesh.pod(2)];
    const running = await from.spawn("ping", ["-n", "-i", "0.02", to.address()]);
    await waitFor("the first answer", () => running.log().includes("icmp_seq"));
    await body();
    await reach(from, to);
    running.signal("SIGINT");
    await running.exited;
    const [, sent, received] = /(\d+) packets transmitted, (\d+) received/.exec(running.log()) ?? [];
    console.log(`${what}: ${Number(sent) - Number(received)} of ${sent} pings lost, one every 20 ms`);
    expect(Number(received)).toBeGreaterThan(0);
  };
  const crashAndRestart = async (process: WarrenProcess) => {
    await process.kill();
    expect(process.running).toBe(false);
    await process.start();
  };
  const randomMoment = () => delay(Math.floor(Math.random() * 400));

  it("of an agent at random moments: same CIDR, same pods, same addresses, reachable again", async () => {
    const before = { cidrs: await cidrs(), pods: await podsOf(1) };
    await underTraffic("three crashes of an agent", async () => {
      for (let round = 0; round < 3; round++) {
        await randomMoment();
        await crashAndRestart(mesh.lab.agent(1));
      }
    });
    expect({ cidrs: await cidrs(), pods: await podsOf(1) }).toEqual(before);
    for (const other of [mesh.pod(1, 2), mesh.pod(2), mesh.pod(3)]) {
      await reach(mesh.pod(1), other);
      await reach(other, mesh.pod(1));
    }
  });

  it("of an agent while it starts: it starts the next time", async () => {
    const before = { cidrs: await cidrs(), pods: await podsOf(2) };
    await mesh.lab.agent(2).stop();
    for (const afterMs of [50, 150, 300, 500, 800]) {
      await mesh.lab.agent(2).launch();
      await delay(afterMs);
      await mesh.lab.agent(2).kill();
    }
    await mesh.lab.agent(2).start();
    expect({ cidrs: await cidrs(), pods: await podsOf(2) }).toEqual(before);
    await reach(mesh.pod(1), mesh.pod(2));
  });

  it("of the control plane at random moments: pods go on, leases stay, agents come back by themselves", async () => {
    const before = await cidrs();
    await underTraffic("three crashes of the control plane", async () => {
      for (let round = 0; round < 3; round++) {
        await randomMoment();
        await crashAndRestart(mesh.lab.controlPlane);
      }
    });
    expect(await cidrs()).toEqual(before);
    for (const number of [1, 2, 3])
      await waitFor(
        "the agent to be connected",
        async () => (await mesh.lab.agent(number).get<AgentStatus>("/v1/status")).control.connected,
      );
  });

  it("of agents in the middle of `pod add`: no address is ever given twice", async () => {
    const [host, agent] = [3, mesh.lab.agent(3)];
    const given = new Map<string, string>();
    for (let round = 0; round < 4; round++) {
      const adding = Promise.all(
        [1, 2, 3].map((index) => mesh.lab.tryWarren(host, "pod", "add", `crash-${round}-${index}`)),
      );
      await delay(100 + Math.floor(Math.random() * 200));
      await agent.kill();
      const answers = await adding;
      await agent.start();
      const pods = await mesh.lab.warren<PodInfo[]>(host, "pod", "list");
      const addresses = pods.flatMap((pod) => pod.addresses);
      expect(new Set(addresses).size).toBe(addresses.length);
      // What was answered is kept, under the address that was answered.
      for (const answer of answers.filter(({ code }) => code === 0)) {
        const { name, addresses: answered } = JSON.parse(answer.stdout) as PodInfo;
        expect(pods.find((pod) => pod.name === name)?.addresses).toEqual(answered);
      }
      for (const pod of pods) for (const address of pod.addresses) given.set(address, given.get(address) ?? pod.name);
      for (const pod of pods) expect(given.get(pod.addresses[0]!)).toBe(pod.name);
    }
    const { leases, addresses } = await mesh.lab.warren<AgentIpam>(host, "ipam");
    expect(leases[0]?.used).toBeGreaterThanOrEqual(addresses.length);
  });

  it("of an agent: a TCP connection between pods lives on", async () => {
    const [client, server] = [mesh.pod(2), mesh.pod(1)];
    const echo = await server.spawn(process.execPath, [podProgram("tcp-echo-server.mjs"), "7007"]);
    await waitFor("the server", () => echo.log().includes("listening"));
    const counter = await client.spawn(process.execPath, [podProgram("tcp-counter.mjs"), server.address(), "7007"]);
    await waitFor("the first answers", () => counter.log().split("\n").length > 5);
    await crashAndRestart(mesh.lab.agent(1));
    const seen = counter.log().split("\n").length;
    await waitFor("answers after the restart", () => counter.log().split("\n").length > seen + 5);
    expect(counter.running).toBe(true);
    await counter.end();
  });

  it("of the control plane: an agent restarts without it from what it knows, and says how old that is", async () => {
    await mesh.lab.controlPlane.kill();
    const agent = mesh.lab.agent(1);
    await agent.kill();
    await agent.start();
    await reach(mesh.pod(1), mesh.pod(2));
    const status = await mesh.lab.warren<AgentStatus>(1, "status");
    expect(status).toMatchObject({ control: { connected: false }, netmap: { source: "disk" } });
    expect(status.control.error).not.toBeNull();
    expect(status.warnings.join(" ")).toMatch(/control/i);
    const age = status.netmap.ageSeconds;
    await waitFor("the netmap to grow older", async () => {
      const later = await mesh.lab.warren<AgentStatus>(1, "status");
      return later.netmap.ageSeconds > age;
    });
    const added = await mesh.lab.addPod(1, "without-control");
    await reach(added, mesh.pod(3));
    await mesh.lab.controlPlane.start();
    await waitFor("the netmap of the control plane", async () => {
      const { control, netmap } = await mesh.lab.warren<AgentStatus>(1, "status");
      return control.connected && netmap.source === "control";
    });
  });
});

describeAsRoot("a node that goes", () => {
  let mesh: Mesh;
  beforeAll(async () => {
    mesh = await createMesh({ name: uniqueLabName("wl"), nodes: 3, pods: 1 });
  });
  afterAll(() => mesh?.lab.close());

  const stateOf = async (node: string) =>
    (await mesh.lab.agent(1).get<{ name: string; state: string }[]>("/v1/peers")).find((peer) => peer.name === node)
      ?.state;
  const leaseOf = async (node: string) =>
    (await mesh.lab.warren<ControlIpam>("control", "ipam")).leases.find((lease) => lease.node === node)?.cidr;

  it("without a word is found missing, and keeps its CIDR for when it comes back", async () => {
    const node = mesh.lab.host(2).netns;
    const cidr = await leaseOf(node);
    await mesh.lab.agent(2).kill();
    await waitFor("the others to see it down", async () => (await stateOf(node)) === "down", { timeoutMs: 40_000 });
    expect(await leaseOf(node)).toBe(cidr);
    await mesh.lab.agent(2).start();
    expect(await leaseOf(node)).toBe(cidr);
    await waitFor(
      "its pods to be reachable",
      async () => (await ping(mesh.pod(1).netns, mesh.pod(2).address(), { count: 1, waitMs: 300 })).received === 1,
    );
  });

  it("for good by `warren leave --release` is refused while it has pods, then gives its CIDR back at once", async () => {
    const node = mesh.lab.host(3).netns;
    const refused = await mesh.lab.tryWarren(3, "leave", "--release");
    expect(refused.code).not.toBe(0);
    expect(refused.stderr).toMatch(/pod/);
    await mesh.lab.warren(3, "pod", "del", "pod-1");
    const left = await mesh.lab.tryWarren(3, "leave", "--release");
    expect(left).toMatchObject({ code: 0 });
    await waitFor("its agent to end", () => !mesh.lab.agent(3).running);
    expect(await leaseOf(node)).toBeUndefined();
    await waitFor("the others to see it gone or down", async () => (await stateOf(node)) !== "ready", {
      timeoutMs: 5_000,
    });
  });
});
