import { afterAll, beforeAll, expect, it } from "vitest";
import { uniqueLabName } from "../lab/lab.ts";
import { createMesh, DUAL_STACK, type Mesh } from "../lab/mesh.ts";
import type { LabNode } from "../lab/node.ts";
import { podProgram } from "../lab/pod.ts";
import { waitFor } from "../lab/wait-for.ts";
import { describeAsRoot } from "./as-root.ts";
import { FORGED_PORT, type ForgedTarget, openForgedTarget } from "./forged-target.ts";

describeAsRoot("forged and broken packets", () => {
  let mesh: Mesh;
  let target: ForgedTarget;
  beforeAll(async () => {
    mesh = await createMesh({ name: uniqueLabName("wl"), nodes: 2, control: { flags: DUAL_STACK } });
    target = await openForgedTarget(mesh);
  });
  afterAll(() => mesh?.lab.close());

  /** Sends the datagrams and says which counter went up by how much. */
  const dropped = async (from: LabNode, ...datagrams: Buffer[]) => {
    const before = await target.drops();
    await target.send(from, ...datagrams);
    // What comes after them on the same path has been handled after them.
    const last = `last-${Math.random()}`;
    await target.send(mesh.lab.host(2), target.vxlan(target.udp(last)));
    await waitFor("the packet after them", () => target.listener.log().includes(last));
    const after = await target.drops();
    return Object.fromEntries(
      Object.keys(after).flatMap((reason) => {
        const count = (after[reason] ?? 0) - (before[reason] ?? 0);
        return count === 0 ? [] : [[reason, count]];
      }),
    );
  };

  it("are told from right ones: what a peer sends by the book arrives", async () => {
    expect(await dropped(mesh.lab.host(2), target.vxlan(target.udp("by-the-book")))).toEqual({});
    await waitFor("the packet", () => target.listener.log().includes(`${mesh.pod(2).address(4)} by-the-book`));
    const v6 = target.udp("by-the-book-6", mesh.pod(2).address(6), mesh.pod(1).address(6));
    expect(await dropped(mesh.lab.host(2), target.vxlan(v6))).toEqual({});
    expect(target.listener.log()).toContain(`${mesh.pod(2).address(6)} by-the-book-6`);
  });

  it("are dropped when shorter than the headers", async () => {
    const whole = target.vxlan(target.udp("short"));
    expect(await dropped(mesh.lab.host(2), whole.subarray(0, 4), whole.subarray(0, 8), whole.subarray(0, 21))).toEqual({
      "vxlan-short": 3,
    });
  });

  it("are dropped when the inner packet is cut short", async () => {
    const whole = target.vxlan(target.udp("cut"));
    expect(await dropped(mesh.lab.host(2), whole.subarray(0, 30), whole.subarray(0, whole.length - 1))).toEqual({
      malformed: 2,
    });
  });

  it("are dropped with another VNI", async () => {
    expect(
      await dropped(
        mesh.lab.host(2),
        target.vxlan(target.udp("vni"), { vni: 4097 }),
        target.vxlan(target.udp("vni"), { vni: 0 }),
      ),
    ).toEqual({
      "vxlan-vni": 2,
    });
  });

  it("are dropped without the I flag or with a reserved bit", async () => {
    const flags = [0x00, 0x88, 0x09].map((value) => target.vxlan(target.udp("flags"), { flags: value }));
    expect(await dropped(mesh.lab.host(2), ...flags)).toEqual({ "vxlan-flags": 3 });
  });

  it("are dropped from an address that is no peer's", async () => {
    expect(
      await dropped(mesh.lab.control, target.vxlan(target.udp("stranger")), target.vxlan(target.udp("stranger"))),
    ).toEqual({
      "unknown-peer": 2,
    });
  });

  it("are dropped when the inner source is not the sender's", async () => {
    const sources = [mesh.pod(1).address(4), "10.244.200.1", "8.8.8.8", "127.0.0.1", "0.0.0.0"];
    const spoofed = sources.map((source) => target.vxlan(target.udp("spoofed", source)));
    spoofed.push(target.vxlan(target.udp("spoofed", "fd00:77:0:99::1", mesh.pod(1).address(6))));
    expect(await dropped(mesh.lab.host(2), ...spoofed)).toEqual({ "ingress-spoof": 6 });
  });

  it("are dropped when the inner destination is not on this node", async () => {
    const elsewhere = [mesh.pod(2).address(4), "8.8.8.8", "224.0.0.1"];
    const counted = await dropped(
      mesh.lab.host(2),
      ...elsewhere.map((to) => target.vxlan(target.udp("elsewhere", undefined, to))),
    );
    expect(counted).toEqual({ "not-local": 3 });
  });

  it("are dropped when they are for another VTEP", async () => {
    expect(
      await dropped(mesh.lab.host(2), target.vxlan(target.udp("mac"), { destinationMac: "02:00:00:00:00:01" })),
    ).toEqual({
      "wrong-mac": 1,
    });
  });

  it("are dropped when they are no IP", async () => {
    expect(await dropped(mesh.lab.host(2), target.vxlan(target.udp("arp"), { etherType: 0x0806 }))).toEqual({
      "not-ip": 1,
    });
  });

  it("never reached the pod", () => {
    const payloads = ["short", "cut", "vni", "flags", "stranger", "spoofed", "elsewhere", "mac", "arp"];
    const arrived = target.listener.log().split("\n");
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
      const args = [podProgram("udp-send.mjs"), source, "0", mesh.pod(1).address(4), String(FORGED_PORT)];
      await pod.run(process.execPath, [...args, Buffer.from(payload).toString("hex")]);
    }
    await waitFor("what the pod sent as itself", () => target.listener.log().includes(`${own} as-itself`));
    expect(target.listener.log()).not.toMatch(/as-neighbour|as-stranger/);
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
