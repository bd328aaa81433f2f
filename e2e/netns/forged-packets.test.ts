import type { AgentStatus, NodeInfo } from "@warren/common/api/types.ts";
import { afterAll, beforeAll, expect, it } from "vitest";
import { forgeUdpPacket, forgeVxlan } from "../lab/forge.ts";
import { uniqueLabName } from "../lab/lab.ts";
import { createMesh, DUAL_STACK, type Mesh } from "../lab/mesh.ts";
import type { LabNode } from "../lab/node.ts";
import { podProgram } from "../lab/pod.ts";
import type { Supervised } from "../lab/supervised.ts";
import { waitFor } from "../lab/wait-for.ts";
import { describeAsRoot } from "./as-root.ts";

const PORT = 9999;

describeAsRoot("forged and broken packets", () => {
  let mesh: Mesh;
  let target: NodeInfo;
  let listener: Supervised;
  beforeAll(async () => {
    mesh = await createMesh({ name: uniqueLabName("wl"), nodes: 2, control: { flags: DUAL_STACK } });
    target = (await mesh.lab.warren<AgentStatus>(1, "status")).node;
    listener = await mesh.pod(1).spawn(process.execPath, [podProgram("udp-listen.mjs"), String(PORT)]);
    await waitFor("the listener", () => listener.log().includes("listening"));
  });
  afterAll(() => mesh?.lab.close());

  const drops = async () => (await mesh.lab.warren<AgentStatus>(1, "status")).dataplane.drops;
  const udp = (payload: string, source = mesh.pod(2).address(4), destination = mesh.pod(1).address(4)) =>
    forgeUdpPacket({ source, destination, port: PORT, payload });
  const vxlan = (inner: Uint8Array, change: Partial<Parameters<typeof forgeVxlan>[0]> = {}) =>
    forgeVxlan({ vni: 4096, destinationMac: target.vtepMac, inner, ...change });
  const send = async (from: LabNode, ...datagrams: Buffer[]) => {
    const hex = datagrams.map((datagram) => datagram.toString("hex"));
    const args = [podProgram("udp-send.mjs"), from.underlay, "55555", target.underlayAddress, String(target.port)];
    await from.run(process.execPath, [...args, ...hex]);
  };
  /** Sends the datagrams and says which counter went up by how much. */
  const dropped = async (from: LabNode, ...datagrams: Buffer[]) => {
    const before = await drops();
    await send(from, ...datagrams);
    // What comes after them on the same path has been handled after them.
    const last = `last-${Math.random()}`;
    await send(mesh.lab.host(2), vxlan(udp(last)));
    await waitFor("the packet after them", () => listener.log().includes(last));
    const after = await drops();
    return Object.fromEntries(
      Object.keys(after).flatMap((reason) => {
        const count = (after[reason] ?? 0) - (before[reason] ?? 0);
        return count === 0 ? [] : [[reason, count]];
      }),
    );
  };

  it("are told from right ones: what a peer sends by the book arrives", async () => {
    expect(await dropped(mesh.lab.host(2), vxlan(udp("by-the-book")))).toEqual({});
    await waitFor("the packet", () => listener.log().includes(`${mesh.pod(2).address(4)} by-the-book`));
    const v6 = udp("by-the-book-6", mesh.pod(2).address(6), mesh.pod(1).address(6));
    expect(await dropped(mesh.lab.host(2), vxlan(v6))).toEqual({});
    expect(listener.log()).toContain(`${mesh.pod(2).address(6)} by-the-book-6`);
  });

  it("are dropped when shorter than the headers", async () => {
    const whole = vxlan(udp("short"));
    expect(await dropped(mesh.lab.host(2), whole.subarray(0, 4), whole.subarray(0, 8), whole.subarray(0, 21))).toEqual({
      "vxlan-short": 3,
    });
  });

  it("are dropped when the inner packet is cut short", async () => {
    const whole = vxlan(udp("cut"));
    expect(await dropped(mesh.lab.host(2), whole.subarray(0, 30), whole.subarray(0, whole.length - 1))).toEqual({
      malformed: 2,
    });
  });

  it("are dropped with another VNI", async () => {
    expect(await dropped(mesh.lab.host(2), vxlan(udp("vni"), { vni: 4097 }), vxlan(udp("vni"), { vni: 0 }))).toEqual({
      "vxlan-vni": 2,
    });
  });

  it("are dropped without the I flag or with a reserved bit", async () => {
    const flags = [0x00, 0x88, 0x09].map((value) => vxlan(udp("flags"), { flags: value }));
    expect(await dropped(mesh.lab.host(2), ...flags)).toEqual({ "vxlan-flags": 3 });
  });

  it("are dropped from an address that is no peer's", async () => {
    expect(await dropped(mesh.lab.control, vxlan(udp("stranger")), vxlan(udp("stranger")))).toEqual({
      "unknown-peer": 2,
    });
  });

  it("are dropped when the inner source is not the sender's", async () => {
    const sources = [mesh.pod(1).address(4), "10.244.200.1", "8.8.8.8", "127.0.0.1", "0.0.0.0"];
    const spoofed = sources.map((source) => vxlan(udp("spoofed", source)));
    spoofed.push(vxlan(udp("spoofed", "fd00:77:0:99::1", mesh.pod(1).address(6))));
    expect(await dropped(mesh.lab.host(2), ...spoofed)).toEqual({ "ingress-spoof": 6 });
  });

  it("are dropped when the inner destination is not on this node", async () => {
    const elsewhere = [mesh.pod(2).address(4), "8.8.8.8", "224.0.0.1"];
    const counted = await dropped(mesh.lab.host(2), ...elsewhere.map((to) => vxlan(udp("elsewhere", undefined, to))));
    expect(counted).toEqual({ "not-local": 3 });
  });

  it("are dropped when they are for another VTEP", async () => {
    expect(await dropped(mesh.lab.host(2), vxlan(udp("mac"), { destinationMac: "02:00:00:00:00:01" }))).toEqual({
      "wrong-mac": 1,
    });
  });

  it("are dropped when they are no IP", async () => {
    expect(await dropped(mesh.lab.host(2), vxlan(udp("arp"), { etherType: 0x0806 }))).toEqual({ "not-ip": 1 });
  });

  it("never reached the pod", () => {
    const payloads = ["short", "cut", "vni", "flags", "stranger", "spoofed", "elsewhere", "mac", "arp"];
    const arrived = listener.log().split("\n");
    expect(payloads.filter((payload) => arrived.some((line) => line.endsWith(` ${payload}`)))).toEqual([]);
  });

  it("come from no pod: a forged source does not leave the node", async () => {
    const pod = mesh.pod(2);
    const own = pod.address(4);
    const neighbour = own.replace(/\d+$/, "77");
    await pod.run("ip", ["address", "add", `${neighbour}/32`, "dev", "lo"]);
    await pod.run("ip", ["address", "add", "10.244.99.9/32", "dev", "lo"]);
    for (const [source, payload] of [
      [neighbour, "as-neighbour"],
      ["10.244.99.9", "as-stranger"],
      [own, "as-itself"],
    ] as const) {
      const args = [podProgram("udp-send.mjs"), source, "0", mesh.pod(1).address(4), String(PORT)];
      await pod.run(process.execPath, [...args, Buffer.from(payload).toString("hex")]);
    }
    await waitFor("what the pod sent as itself", () => listener.log().includes(`${own} as-itself`));
    expect(listener.log()).not.toMatch(/as-neighbour|as-stranger/);
  });

  it("come from no pod: a router advertisement changes nothing on the host", async () => {
    const [pod, host] = [mesh.pod(1), mesh.lab.host(1)];
    const hostState = async () =>
      (await host.run("ip", ["-6", "address", "show"])).stdout.replaceAll(/valid_lft.*/g, "") +
      (await host.run("ip", ["-6", "route", "show", "table", "all"])).stdout.replaceAll(/ expires \d+sec/g, "");
    const before = await hostState();
    const index = (await pod.run("ip", ["-o", "link", "show", "dev", "eth0"])).stdout.split(":")[0]!;
    const args = [podProgram("router-advertisement.mjs"), index, "fd99:1:2:3::"];
    expect((await pod.run(process.execPath, args)).stdout.trim()).toBe("sent");
    expect(await hostState()).toBe(before);
    expect(before).not.toContain("fd99:1:2:3");
  });
});
