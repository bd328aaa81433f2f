import type { AgentStatus, DataplaneInfo, PeerInfo } from "@warren/common/api/types.ts";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { uniqueLabName } from "../lab/lab.ts";
import { ping } from "../lab/measure.ts";
import { createMesh, DUAL_STACK, type Mesh } from "../lab/mesh.ts";
import type { LabNode } from "../lab/node.ts";
import { type LabPod, podProgram } from "../lab/pod.ts";
import type { Supervised } from "../lab/supervised.ts";
import { transfer } from "../lab/transfer.ts";
import { waitFor } from "../lab/wait-for.ts";
import { describeAsRoot } from "./as-root.ts";
import { type ForgedTarget, openForgedTarget } from "./forged-target.ts";

const KERNEL = { flags: ["--dataplane", "kernel"] };

const reaches = async (from: LabPod, to: LabPod, family: 4 | 6) =>
  (await ping(from.netns, to.address(family), { count: 1, waitMs: 1_000 })).received === 1;

describe.each([4, 6] as const)("a mesh of both data planes over an IPv%i underlay", (underlay) => {
  describeAsRoot("two kernel nodes, one with worker threads", () => {
    let mesh: Mesh;
    beforeAll(async () => {
      const agents = { 1: KERNEL, 3: KERNEL };
      const control = { flags: DUAL_STACK };
      mesh = await createMesh({ name: uniqueLabName("wl"), nodes: 3, family: underlay, control, agents });
    });
    afterAll(() => mesh?.lab.close());

    it.each([4, 6] as const)("reaches every pod from every pod over IPv%i", async (family) => {
      const pairs = mesh.pods.flatMap((from) => mesh.pods.filter((to) => to !== from).map((to) => ({ from, to })));
      const lost: string[] = [];
      for (const { from, to } of pairs) if (!(await reaches(from, to, family))) lost.push(`${from.label} ${to.label}`);
      expect(lost).toEqual([]);
    });

    it("carries large transfers between both kinds to the last bit", async () => {
      for (const [from, to, family] of [
        [mesh.pod(1), mesh.pod(2), 4],
        [mesh.pod(2), mesh.pod(1), 6],
        [mesh.pod(3), mesh.pod(1), 4],
      ] as const) {
        const { sent, arrived } = await transfer(from.netns, to, to.address(family), 7100, 32);
        expect(arrived).toEqual(sent);
      }
    });

    it("lets nodes reach pods from their own overlay address", async () => {
      for (const family of [4, 6] as const)
        expect(await ping(mesh.lab.host(1).netns, mesh.pod(3).address(family), { count: 1 })).toMatchObject({
          received: 1,
        });
    });

    it("says what it does not know rather than zero, and that nothing was dropped", async () => {
      const { dataplane, warnings } = await mesh.lab.warren<AgentStatus>(1, "status");
      expect(dataplane).toMatchObject({ kind: "kernel", tun: "warren0" });
      expect(dataplane.txPackets).toBeGreaterThan(0);
      expect(dataplane.rxPackets).toBeGreaterThan(0);
      expect(Object.entries(dataplane.drops).filter(([, count]) => count > 0)).toEqual([]);
      expect(warnings).toEqual([]);
      const peers = await mesh.lab.warren<PeerInfo[]>(1, "peers");
      expect(peers.map(({ txBytes, rxPackets }) => [txBytes, rxPackets])).toEqual([
        [null, null],
        [null, null],
      ]);
    });

    it("refuses an address of an absent node at once, and asks nobody for it", async () => {
      const absent = "10.244.200.7";
      const { output } = await ping(mesh.pod(1).netns, absent, { count: 1, waitMs: 1_000 });
      expect(output).toMatch(/Unreachable/i);
      const { stdout } = await mesh.lab.host(1).run("ip", ["neigh", "show", "dev", "warren0"]);
      expect(stdout).not.toContain(absent);
    });

    it("touches nothing of a peer that stays when another goes: no packet of it is lost", async () => {
      const [from, to] = [mesh.pod(1), mesh.pod(3)];
      const running = await from.spawn("ping", ["-n", "-i", "0.005", to.address()]);
      await waitFor("the first answer", () => running.log().includes("icmp_seq"));
      const routes = async () => (await mesh.lab.host(1).run("ip", ["route", "show", "proto", "120"])).stdout;
      expect((await routes()).trim().split("\n")).toHaveLength(2);
      await mesh.lab.warren(2, "pod", "del", "pod-1");
      await mesh.lab.warren(2, "leave", "--release");
      await waitFor("the route to be gone", async () => (await routes()).trim().split("\n").length === 1);
      running.signal("SIGINT");
      await running.exited;
      const [, sent, received] = /(\d+) packets transmitted, (\d+) received/.exec(running.log()) ?? [];
      expect(Number(sent) - Number(received)).toBeLessThanOrEqual(1);
    });
  });
});

describeAsRoot("what a kernel node lets in", () => {
  let mesh: Mesh;
  let target: ForgedTarget;
  beforeAll(async () => {
    const control = { flags: DUAL_STACK };
    mesh = await createMesh({ name: uniqueLabName("wl"), nodes: 2, control, agents: { 1: KERNEL } });
    target = await openForgedTarget(mesh);
  });
  afterAll(() => mesh?.lab.close());

  const sendAtOnce = async (from: LabNode, ...datagrams: Buffer[]) => {
    const args = [
      podProgram("udp-segment-send.mjs"),
      from.underlay,
      target.node.underlayAddress,
      String(target.node.port),
    ];
    return (await from.run(process.execPath, [...args, ...datagrams.map((one) => one.toString("hex"))])).stdout.trim();
  };
  /** Waits until the counters have gone up by just these. */
  const dropped = async (expected: Record<string, number>, act: () => Promise<unknown>) => {
    const before = await target.drops();
    await act();
    const more = async () => {
      const after = await target.drops();
      const up = Object.keys(after).map((reason) => [reason, after[reason]! - before[reason]!] as const);
      return Object.fromEntries(up.filter(([, count]) => count > 0));
    };
    await waitFor(`the drops ${JSON.stringify(expected)}`, async () => {
      const now = await more();
      return Object.entries(expected).every(([reason, count]) => now[reason] === count);
    });
    expect(await more()).toEqual(expected);
  };

  it("is what a peer sends by the book, in both families", async () => {
    await target.send(mesh.lab.host(2), target.vxlan(target.udp("by-the-book")));
    await target.send(
      mesh.lab.host(2),
      target.vxlan(target.udp("by-the-book-6", mesh.pod(2).address(6), mesh.pod(1).address(6))),
    );
    await waitFor(
      "both",
      () => target.listener.log().includes("by-the-book-6") && target.listener.log().includes("by-the-book\n"),
    );
  });

  it("is nothing from an address that is no peer's", () =>
    dropped({ "unknown-peer": 2 }, () =>
      target.send(mesh.lab.control, target.vxlan(target.udp("stranger")), target.vxlan(target.udp("stranger"))),
    ));

  it("is nothing with another VNI", () =>
    dropped({ "vxlan-vni": 2 }, () =>
      target.send(
        mesh.lab.host(2),
        target.vxlan(target.udp("vni"), { vni: 4097 }),
        target.vxlan(target.udp("vni"), { vni: 0 }),
      ),
    ));

  it("is nothing with a source that is not the sender's", async () => {
    const sources = [mesh.pod(1).address(4), "10.244.200.1", "8.8.8.8", "127.0.0.1", "0.0.0.0"];
    const spoofed = sources.map((source) => target.vxlan(target.udp("spoofed", source)));
    spoofed.push(target.vxlan(target.udp("spoofed", "fd00:77:0:99::1", mesh.pod(1).address(6))));
    await dropped({ "ingress-spoof": 6 }, () => target.send(mesh.lab.host(2), ...spoofed));
  });

  it("is nothing for elsewhere: this node is nobody's router", async () => {
    const elsewhere = [mesh.pod(2).address(4), "8.8.8.8", mesh.lab.control.underlay];
    const datagrams = elsewhere.map((to) => target.vxlan(target.udp("elsewhere", undefined, to)));
    await dropped({ "not-local": 3 }, () => target.send(mesh.lab.host(2), ...datagrams));
  });

  it("is nothing but IP", () =>
    dropped({ "not-ip": 1 }, () =>
      target.send(mesh.lab.host(2), target.vxlan(target.udp("arp"), { etherType: 0x0806 })),
    ));

  it("is only the right ones of many datagrams that arrive as one buffer", () =>
    dropped({ "ingress-spoof": 2 }, async () => {
      const datagrams = [
        target.udp("joined-1"),
        target.udp("joined-2", "10.244.200.9"),
        target.udp("joined-3", "8.8.8.8"),
        target.udp("joined-4"),
      ];
      expect(await sendAtOnce(mesh.lab.host(2), ...datagrams.map((one) => target.vxlan(one)))).toBe("sent");
      await waitFor("the last of them", () => target.listener.log().includes("joined-4"));
      expect(target.listener.log()).toContain("joined-1");
    }));

  it("never reached the pod otherwise", () => {
    const payloads = ["stranger", "vni", "spoofed", "elsewhere", "arp", "joined-2", "joined-3"];
    const arrived = target.listener.log().split("\n");
    expect(payloads.filter((payload) => arrived.some((line) => line.endsWith(` ${payload}`)))).toEqual([]);
  });

  it("leaves no mark on a packet for the rules of others", async () => {
    const host = mesh.lab.host(1);
    const rules = [
      "add table inet witness",
      "add chain inet witness c { type filter hook prerouting priority mangle; }",
      'add rule inet witness c iifname "warren0" meta mark != 0 counter',
      "add counter inet witness seen",
      'add rule inet witness c iifname "warren0" counter name seen',
    ];
    for (const rule of rules) await host.run("nft", [rule]);
    expect(await reaches(mesh.pod(2), mesh.pod(1), 4)).toBe(true);
    const { stdout } = await host.run("nft", ["list", "table", "inet", "witness"]);
    expect(stdout).toMatch(/mark != 0x00000000 counter packets 0 /);
    expect(stdout).toMatch(/counter seen \{\s*packets [1-9]/);
    await host.run("nft", ["delete table inet witness"]);
  });

  it("is not what the host itself would send with a source of elsewhere", () =>
    dropped({ "egress-spoof": 1 }, async () => {
      const host = mesh.lab.host(1);
      await host.tryRun("ping", ["-n", "-c", "1", "-W", "0.3", "-I", host.underlay, mesh.pod(2).address(4)]);
    }));
});

describeAsRoot("the life of a kernel node", () => {
  let mesh: Mesh;
  beforeAll(async () => {
    const control = { flags: DUAL_STACK };
    mesh = await createMesh({ name: uniqueLabName("wl"), nodes: 2, control, agents: { 1: KERNEL } });
  });
  afterAll(() => mesh?.lab.close());

  const lossOf = (running: Supervised) => {
    const [, sent, received] = /(\d+) packets transmitted, (\d+) received/.exec(running.log()) ?? [];
    return { sent: Number(sent), lost: Number(sent) - Number(received) };
  };
  const endOf = async (running: Supervised) => {
    running.signal("SIGINT");
    await running.exited;
    return lossOf(running);
  };
  const change = (to: string) => mesh.lab.warren<DataplaneInfo>(1, "dataplane", "set", to);

  it("forwards on while the agent is dead, and the next agent repairs what somebody broke", async () => {
    const running = await mesh.pod(2).spawn("ping", ["-n", "-i", "0.005", mesh.pod(1).address()]);
    await waitFor("the first answer", () => running.log().includes("icmp_seq"));
    await mesh.lab.agent(1).kill();
    expect(await reaches(mesh.pod(2), mesh.pod(1), 6)).toBe(true);
    await mesh.lab.agent(1).start();
    const { sent, lost } = await endOf(running);
    console.log(`kill -9 and restart of a kernel node: ${lost} of ${sent} pings lost, one every 5 ms`);
    await mesh.lab.agent(1).kill();
    const host = mesh.lab.host(1);
    await host.run("ip", ["route", "flush", "dev", "warren0", "proto", "120"]);
    await host.run("ip", ["neigh", "flush", "dev", "warren0", "nud", "permanent"]);
    await host.run("bridge", ["fdb", "append", "02:00:00:00:00:77", "dev", "warren0", "dst", "198.18.0.99"]);
    expect(await reaches(mesh.pod(1), mesh.pod(2), 4)).toBe(false);
    await mesh.lab.agent(1).start();
    for (const family of [4, 6] as const) expect(await reaches(mesh.pod(1), mesh.pod(2), family)).toBe(true);
    expect((await host.run("bridge", ["fdb", "show", "dev", "warren0"])).stdout).not.toContain("02:00:00:00:00:77");
  });

  it("changes over both ways while pods talk: a transfer arrives to the last bit, few pings are lost", async () => {
    for (const kind of ["tun", "kernel"] as const) {
      const running = await mesh.pod(2).spawn("ping", ["-n", "-i", "0.001", mesh.pod(1).address()]);
      await waitFor("the first answer", () => running.log().includes("icmp_seq"));
      const going = transfer(mesh.pod(2).netns, mesh.pod(1), mesh.pod(1).address(), 7200, 1024);
      await waitFor("the transfer to be on its way", async () => {
        const { stdout } = await mesh.pod(1).run("ss", ["-tnH", "state", "established", "sport", "=", ":7200"]);
        return stdout.trim() !== "";
      });
      expect(await change(kind)).toEqual({ dataplane: kind, configured: "kernel" });
      const { sent, arrived } = await going;
      expect(arrived).toEqual(sent);
      const loss = await endOf(running);
      console.log(`change to ${kind}: ${loss.lost} of ${loss.sent} pings lost, one every 1 ms, under a TCP transfer`);
      expect(loss.lost).toBeLessThan(2_000);
      expect((await mesh.lab.warren<AgentStatus>(1, "status")).dataplane.kind).toBe(kind);
      for (const family of [4, 6] as const) expect(await reaches(mesh.pod(1), mesh.pod(2), family)).toBe(true);
    }
  });

  it("keeps its totals over a change, and says what the configuration says", async () => {
    const { rxPackets } = (await mesh.lab.warren<AgentStatus>(1, "status")).dataplane;
    await change("tun");
    expect((await mesh.lab.warren<AgentStatus>(1, "status")).dataplane.rxPackets).toBeGreaterThanOrEqual(rxPackets);
    expect(await mesh.lab.warren<DataplaneInfo>(1, "dataplane")).toEqual({ dataplane: "tun", configured: "kernel" });
    await change("kernel");
  });

  it("stays as it is when the other cannot start, and says why", async () => {
    const host = mesh.lab.host(2);
    await host.run("ip", [
      "link",
      "add",
      "other",
      "type",
      "vxlan",
      "id",
      "7",
      "dstport",
      "4789",
      "local",
      host.underlay,
    ]);
    const refused = await mesh.lab.tryWarren(2, "dataplane", "set", "kernel");
    expect(refused.code).not.toBe(0);
    expect(refused.stderr).toMatch(/other/);
    await host.run("ip", ["link", "del", "other"]);
    expect(await mesh.lab.warren<DataplaneInfo>(2, "dataplane")).toMatchObject({ dataplane: "tun" });
    expect(await reaches(mesh.pod(1), mesh.pod(2), 4)).toBe(true);
  });

  it("goes back to what worked when the other fails in the moment of the change", async () => {
    const host = mesh.lab.host(1);
    // A vxlan device does without the address being there, a socket does not.
    await host.run("ip", ["address", "del", `${host.underlay}/24`, "dev", "eth0"]);
    const refused = await mesh.lab.tryWarren(1, "dataplane", "set", "tun");
    await host.run("ip", ["address", "add", `${host.underlay}/24`, "dev", "eth0"]);
    expect(refused.stderr).toContain(host.underlay);
    expect(await mesh.lab.warren<DataplaneInfo>(1, "dataplane")).toMatchObject({ dataplane: "kernel" });
    for (const family of [4, 6] as const) expect(await reaches(mesh.pod(2), mesh.pod(1), family)).toBe(true);
  });

  it("ends when somebody deletes its device, and says so", async () => {
    await mesh.lab.host(1).run("ip", ["link", "del", "warren0"]);
    await waitFor("the agent to end", () => !mesh.lab.agent(1).running);
    expect(mesh.lab.agent(1).log()).toContain("warren0 is gone");
    await mesh.lab.agent(1).start();
    expect(await reaches(mesh.pod(1), mesh.pod(2), 4)).toBe(true);
  });

  it("starts as the other kind over what a killed one left", async () => {
    await mesh.lab.agent(1).kill();
    const { token } = await mesh.lab.createToken();
    const agent = await mesh.lab.prepareAgent(1, { token });
    await agent.start();
    expect(await mesh.lab.warren<DataplaneInfo>(1, "dataplane")).toEqual({ dataplane: "tun", configured: "tun" });
    for (const family of [4, 6] as const) {
      await waitFor("the way there", () => reaches(mesh.pod(1), mesh.pod(2), family));
      expect(await reaches(mesh.pod(2), mesh.pod(1), family)).toBe(true);
    }
    await change("kernel");
  });

  it("keeps the guard of pods that run when a start fails", async () => {
    const host = mesh.lab.host(1);
    await mesh.lab.agent(1).stop();
    const { token } = await mesh.lab.createToken();
    const agent = await mesh.lab.prepareAgent(1, { token, ...KERNEL });
    const holder = await host.spawn(process.execPath, [podProgram("udp-listen.mjs"), "4789"]);
    await waitFor("the port to be taken", () => holder.log().includes("listening"));
    await (await agent.launch()).exited;
    expect(agent.log()).toContain("UDP port 4789 is in use");
    const { stdout } = await host.run("nft", ["list", "table", "inet", "warren"]);
    expect(stdout).toContain(mesh.pod(1).address(4));
    expect(stdout).toContain("underlay-source");
    await holder.end();
    await agent.start();
    for (const family of [4, 6] as const)
      await waitFor("the way back", () => reaches(mesh.pod(2), mesh.pod(1), family));
  });

  it("leaves nothing when it stops without pods", async () => {
    const host = mesh.lab.host(1);
    await mesh.lab.warren(1, "pod", "del", "pod-1");
    await mesh.lab.agent(1).stop();
    expect((await host.run("ip", ["-br", "link"])).stdout).not.toContain("warren0");
    expect((await host.run("ip", ["route", "show", "table", "all"])).stdout).not.toMatch(/10\.244|proto 1(19|20)/);
    expect((await host.run("nft", ["list", "tables"])).stdout.trim()).toBe("");
  });
});
