import type { AgentIpam, AgentStatus, ClusterInfo, PeerInfo } from "@warren/common/api/types.ts";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { uniqueLabName } from "../lab/lab.ts";
import { ping } from "../lab/measure.ts";
import { createMesh, DUAL_STACK, type Mesh } from "../lab/mesh.ts";
import { countWire, readWire } from "../lab/plain-wire.ts";
import { podProgram } from "../lab/pod.ts";
import { transfer } from "../lab/transfer.ts";
import { waitFor } from "../lab/wait-for.ts";
import { describeAsRoot } from "./as-root.ts";

const WHOAMI = "8080";

/** Sets the mode and waits until each host reaches its peers on that path. */
async function setMode(mesh: Mesh, mode: string, path: PeerInfo["path"]): Promise<void> {
  await mesh.lab.warren<ClusterInfo>("control", "cluster", "set", `encapsulation=${mode}`);
  for (const number of mesh.lab.hosts.keys())
    await waitFor(`host ${number + 1} to reach its peers ${path}`, async () =>
      (await mesh.lab.warren<PeerInfo[]>(number + 1, "peers")).every((peer) => peer.path === path),
    );
}

/** Our routes past the TUN device, one line each. */
async function plainRoutes(mesh: Mesh, host: number): Promise<string[]> {
  const table = async (family: string) =>
    (await mesh.lab.host(host).run("ip", [family, "route", "show", "proto", "119", "dev", "eth0"])).stdout;
  return `${await table("-4")}${await table("-6")}`.split("\n").filter((line) => line !== "");
}

/** The counter of the guard's drop rules. */
async function guardDrops(mesh: Mesh, host: number): Promise<number> {
  const args = ["list", "chain", "inet", "warren", "underlay-source"];
  const { stdout } = await mesh.lab.host(host).run("nft", args);
  return [...stdout.matchAll(/counter packets (\d+) .* drop/g)].reduce((sum, [, count]) => sum + Number(count), 0);
}

describe.each([4, 6] as const)("nodes in one subnet, over an IPv%i underlay", (family) => {
  describeAsRoot("cross-subnet", () => {
    let mesh: Mesh;
    // What can be said as a route: IPv6 pods over an IPv4 underlay cannot.
    const plainFamilies = family === 4 ? ([4] as const) : ([4, 6] as const);
    const path = family === 4 ? "mixed" : "direct";
    beforeAll(async () => {
      const flags = [...DUAL_STACK, "--encapsulation", "cross-subnet"];
      mesh = await createMesh({ name: uniqueLabName("we"), nodes: 2, family, control: { flags } });
      await setMode(mesh, "cross-subnet", path);
    });
    afterAll(() => mesh?.lab.close());

    it.each(plainFamilies)("carries pods and nodes over IPv%i without a tunnel and without NAT", async (inner) => {
      const [one, two] = [mesh.pod(1), mesh.pod(2)];
      const server = await two.spawn(process.execPath, [podProgram("tcp-whoami-server.mjs"), WHOAMI]);
      await waitFor("the server to listen", () => server.log().includes("listening"));
      await countWire(mesh.lab.host(1));
      const whoami = [podProgram("tcp-whoami-client.mjs"), two.address(inner), WHOAMI];
      const asPod = JSON.parse((await one.run(process.execPath, whoami)).stdout) as { seenAs: string };
      const asNode = JSON.parse((await mesh.lab.host(1).run(process.execPath, whoami)).stdout) as { seenAs: string };
      const { leases } = await mesh.lab.warren<AgentIpam>(1, "ipam");
      const own = leases.find((lease) => lease.cidr.includes(":") === (inner === 6))!.nodeAddress;
      expect([asPod.seenAs, asNode.seenAs]).toEqual([one.address(inner), own]);
      expect(await ping(one.netns, two.address(inner), { count: 2, payload: 1380 })).toMatchObject({ received: 2 });
      const { sent, arrived } = await transfer(one.netns, two, two.address(inner), 7200, 16);
      expect(arrived).toEqual(sent);
      await server.end();
      const wire = await readWire(mesh.lab.host(1));
      expect(wire.vxlan).toBe(0);
      expect(wire.plain).toBeGreaterThan(100);
    });

    it("says so", async () => {
      const [peer] = await mesh.lab.warren<PeerInfo[]>(1, "peers");
      expect(peer).toMatchObject({ path, txPackets: expect.any(Number) });
      expect(peer!.directPodCidrs).toHaveLength(plainFamilies.length);
      expect((await mesh.lab.warren<AgentStatus>(1, "status")).cluster.encapsulation).toBe("cross-subnet");
      for (const from of ["control", 1] as const)
        expect((await mesh.lab.warren<ClusterInfo>(from, "cluster", "get")).encapsulation).toBe("cross-subnet");
    });

    it.runIf(family === 4)("still accepts what comes through the tunnel", async () => {
      // Host 1 goes back to the tunnel by itself, as one that has not heard of the change.
      for (const inner of plainFamilies) {
        const routes = await mesh.lab.host(1).run("ip", [`-${inner}`, "route", "show", "proto", "119", "dev", "eth0"]);
        const prefix = routes.stdout.split(" ")[0]!;
        await mesh.lab.host(1).run("ip", [`-${inner}`, "route", "del", prefix, "dev", "eth0", "proto", "119"]);
        await countWire(mesh.lab.host(1));
        const result = await ping(mesh.pod(1).netns, mesh.pod(2).address(inner), { count: 3 });
        expect(result).toMatchObject({ received: 3 });
        expect(await readWire(mesh.lab.host(1))).toEqual({ vxlan: 3, plain: 3 });
      }
      // And what was taken away is put back within half a minute.
      await waitFor(
        "the plain routes to be back",
        async () => (await plainRoutes(mesh, 1)).length === plainFamilies.length,
        { timeoutMs: 45_000 },
      );
    });

    it.each(plainFamilies)("drops IPv%i pod traffic from the underlay that no peer may send", async (inner) => {
      const listener = await mesh.pod(1).spawn(process.execPath, [podProgram("udp-listen.mjs"), "9999"]);
      await waitFor("the listener", () => listener.log().includes("listening"));
      const to = mesh.pod(1).address(inner);
      const { control } = mesh.lab;
      const width = inner === 4 ? 32 : 128;
      const [router] = mesh.lab.host(1).underlays;
      const gateway = inner === 4 && family === 6 ? ["inet6", router!] : [router!];
      await control.run("ip", ["route", "replace", `${to}/${width}`, "via", ...gateway, "dev", "eth0"]);
      // A pod of nobody, and one of the very node that it is sent to.
      for (const source of [inner === 4 ? "10.244.200.9" : "fd00:77:0:99::9", to.replace(/[^.:]+$/, "77")]) {
        await control.run("ip", ["address", "add", `${source}/${width}`, "dev", "lo"]);
        const before = await guardDrops(mesh, 1);
        const payload = Buffer.from("forged").toString("hex");
        await control.run(process.execPath, [podProgram("udp-send.mjs"), source, "0", to, "9999", payload]);
        await waitFor("the guard to count it", async () => (await guardDrops(mesh, 1)) > before);
      }
      const own = Buffer.from("by-the-book").toString("hex");
      const from = mesh.pod(2).address(inner);
      await mesh.pod(2).run(process.execPath, [podProgram("udp-send.mjs"), from, "0", to, "9999", own]);
      await waitFor("what a peer sends", () => listener.log().includes("by-the-book"));
      expect(listener.log()).not.toContain("forged");
      await listener.end();
    });

    it.each(plainFamilies)("changes both ways under IPv%i traffic, without losing any", async (inner) => {
      const [one, two] = [mesh.pod(1), mesh.pod(2)];
      const flood = ping(one.netns, two.address(inner), { count: 8_000, intervalMs: 1, waitMs: 2_000 });
      const stream = transfer(one.netns, two, two.address(inner), 7300 + inner, 2_000);
      await setMode(mesh, "always", "encapsulated");
      await setMode(mesh, "cross-subnet", path);
      const { sent, arrived } = await stream;
      expect(arrived).toEqual(sent);
      const pings = await flood;
      process.stderr.write(
        `change of mode under traffic: ${pings.sent - pings.received} of ${pings.sent} pings lost\n`,
      );
      expect(pings.sent - pings.received).toBeLessThanOrEqual(5);
    });

    it.runIf(family === 4)("changes both ways on hosts with strict reverse path filters, too", async () => {
      // In such a host's eyes a plain packet is forged until its own route back is plain: not Warren's to loosen.
      const strict = async (value: number) => {
        for (const host of mesh.lab.hosts)
          for (const name of ["all", "eth0"])
            await host.run("sysctl", ["-qw", `net.ipv4.conf.${name}.rp_filter=${value}`]);
      };
      await strict(1);
      const [one, two] = [mesh.pod(1), mesh.pod(2)];
      const flood = ping(one.netns, two.address(4), { count: 8_000, intervalMs: 1, waitMs: 2_000 });
      const stream = transfer(one.netns, two, two.address(4), 7400, 1_000);
      await setMode(mesh, "always", "encapsulated");
      await setMode(mesh, "cross-subnet", path);
      const { sent, arrived } = await stream;
      expect(arrived).toEqual(sent);
      const pings = await flood;
      process.stderr.write(`the same, strict: ${pings.sent - pings.received} of ${pings.sent} pings lost\n`);
      // As long as the agents are apart, which is milliseconds: a tenth of a second of a thousand a second.
      expect(pings.sent - pings.received).toBeLessThanOrEqual(100);
      await strict(0);
    });

    it("takes every plain route away when the agent stops, and accepts nothing plain any more", async () => {
      expect(await plainRoutes(mesh, 1)).toHaveLength(plainFamilies.length);
      await mesh.lab.agent(1).stop();
      expect(await plainRoutes(mesh, 1)).toEqual([]);
      const { stdout } = await mesh.lab.host(1).run("nft", ["list", "set", "inet", "warren", "plain4"]);
      expect(stdout).not.toContain("elements");
      await mesh.lab.agent(1).start();
      await setMode(mesh, "cross-subnet", path);
      expect(await plainRoutes(mesh, 1)).toHaveLength(plainFamilies.length);
    });

    it("has them again after an agent was killed", async () => {
      // The address that they send from is gone with the TUN device, and the kernel takes IPv4 routes with it.
      await mesh.lab.agent(1).kill();
      await mesh.lab.agent(1).start();
      await setMode(mesh, "cross-subnet", path);
      expect(await ping(mesh.pod(1).netns, mesh.pod(2).address(4), { count: 2 })).toMatchObject({ received: 2 });
    });

    it("drops, in mode always, pod traffic that comes without the tunnel", async () => {
      await setMode(mesh, "always", "encapsulated");
      expect(await plainRoutes(mesh, 1)).toEqual([]);
      const routes = mesh.lab.host(2);
      const to = mesh.pod(1).address(4);
      const gateway = family === 6 ? ["inet6", mesh.lab.host(1).underlay] : [mesh.lab.host(1).underlay];
      const plain = async () => {
        await routes.run("ip", ["route", "replace", `${to}/32`, "via", ...gateway, "dev", "eth0"]);
        const { received } = await ping(mesh.pod(2).netns, to, { count: 1, waitMs: 300 });
        await routes.run("ip", ["route", "del", `${to}/32`]);
        return received;
      };
      // It is accepted for a moment after the change.
      await waitFor("the guard to close", async () => (await plain()) === 0);
      expect(await guardDrops(mesh, 1)).toBeGreaterThan(0);
      expect(await ping(mesh.pod(2).netns, to, { count: 1 })).toMatchObject({ received: 1 });
    });

    it("says what is wrong with a setting that there is not", async () => {
      const { code, stderr } = await mesh.lab.tryWarren("control", "cluster", "set", "encapsulation=cross-subnets");
      expect([code, stderr]).toEqual([2, expect.stringContaining('did you mean \\"cross-subnet\\"')]);
      const unknown = await mesh.lab.tryWarren("control", "cluster", "set", "encapsulatoin=never");
      expect([unknown.code, unknown.stderr]).toEqual([2, expect.stringContaining('did you mean \\"encapsulation\\"')]);
    });
  });
});
