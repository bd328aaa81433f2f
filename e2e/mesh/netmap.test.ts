import { buildPacket } from "@warren/agent/dataplane/testing/packets.ts";
import { addForeignPeer, removeForeignPeer } from "@warren/control/mesh/foreign-peers.ts";
import { revokeNode } from "@warren/control/mesh/removal.ts";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { converge, lagOf } from "./sim/convergence.ts";
import { ForeignVtep } from "./sim/foreign-vtep.ts";
import { Ledger } from "./sim/ledger.ts";
import { STREAM_WINDOW } from "./sim/rpc-network.ts";
import { randomFor, SEED } from "./sim/seed.ts";
import { SimMesh } from "./sim/sim-mesh.ts";
import type { SimNode } from "./sim/sim-node.ts";

/** One tick of the netmap, and the way to the agents. */
const SOON_MS = 100;

describe(`the netmap (WARREN_SEED=${SEED})`, () => {
  let mesh: SimMesh;
  let a: SimNode;
  let b: SimNode;
  let c: SimNode;

  beforeEach(async () => {
    mesh = await SimMesh.start({ seed: SEED });
    [a, b, c] = (await mesh.join("a", "b", "c")) as [SimNode, SimNode, SimNode];
    await converge(mesh, 2_000);
  });
  afterEach(() => mesh.close());

  const peersOf = (node: SimNode) => node.plane?.view?.peers ?? [];
  const drops = (node: SimNode, reason: string): number => node.agent.status().dataplane.drops[reason]!;
  const foreign = (name: string, index: number) => ({
    name,
    underlayAddress: `198.51.100.${index}`,
    vtepMac: "02:00:5e:10:00:01",
    podCidrs: [`10.99.${index}.0/24`],
  });

  it("tells everybody of a node that joins", async () => {
    await mesh.join("d");
    expect(await converge(mesh, SOON_MS)).toBeLessThanOrEqual(SOON_MS);
    for (const node of [a, b, c]) expect(peersOf(node)).toHaveLength(3);
  });

  it("tells everybody of a node that leaves, and keeps its pod CIDR for it", async () => {
    const before = c.forwardedPrefixes;
    await mesh.time.complete("c leaves", c.leave(false));
    await converge(mesh, SOON_MS);
    for (const node of [a, b]) expect(peersOf(node)).toHaveLength(1);
    await mesh.time.complete("c comes back", c.start());
    await converge(mesh, SOON_MS);
    expect(c.forwardedPrefixes).toEqual(before);
  });

  it("gives a node that released its pod CIDR the same one when it comes back, if nobody took it", async () => {
    const before = c.forwardedPrefixes;
    await mesh.time.complete("c leaves", c.leave(true));
    await mesh.time.run(60_000);
    await mesh.time.complete("c comes back", c.start());
    await converge(mesh, SOON_MS);
    expect(c.forwardedPrefixes).toEqual(before);
  });

  it("has everybody drop the packets of a revoked node that has not heard of it, and then has it stop", async () => {
    const [web, remote] = [await a.addPod("web"), await c.addPod("remote")];
    mesh.rpc.cut("c");
    await revokeNode(mesh.core.context, "c");
    await mesh.time.run(SOON_MS);
    for (const node of [a, b]) expect(lagOf(mesh, node)).toBeNull();
    const [from, to] = [remote.addresses[0]!, web.addresses[0]!];
    const packet = buildPacket({ src: from, dst: to, protocol: "udp", payload: new Uint8Array(8) });
    c.stack.send(packet);
    await mesh.time.run(SOON_MS);
    expect(mesh.arrivals).toEqual([]);
    expect(drops(a, "unknown-peer")).toBe(1);

    mesh.rpc.heal("c");
    await mesh.time.until("c knows", () => c.agent.status().warnings.some((text) => /removed/.test(text)), 30_000);
    expect(c.agent.status().ready).toBe(false);
    expect(c.plane!.view).toEqual({ localPrefixes: [], peers: [] });
    const sent = c.plane!.stats().syscalls.udpSend;
    c.stack.send(packet);
    await mesh.time.run(SOON_MS);
    expect(c.plane!.stats().syscalls.udpSend).toBe(sent);
  });

  it("stops a node that is revoked as soon as everybody else hears of it", async () => {
    await revokeNode(mesh.core.context, "c");
    await mesh.time.run(SOON_MS);
    expect(c.plane!.view).toEqual({ localPrefixes: [], peers: [] });
    for (const node of [a, b]) expect(peersOf(node)).toHaveLength(1);
  });

  it("makes a peer without an agent part of the mesh, in both directions, until it is removed", async () => {
    const vtep = new ForeignVtep(mesh, "198.51.100.7");
    const web = await a.addPod("web");
    await addForeignPeer(mesh.core.context, { ...foreign("gw", 7), vtepMac: vtep.mac });
    await converge(mesh, SOON_MS);
    const address = web.addresses[0]!;
    const out = buildPacket({ src: address, dst: "10.99.7.9", protocol: "udp", payload: new Uint8Array(100).fill(1) });
    a.stack.send(out);
    await mesh.time.run(SOON_MS);
    expect(vtep.received()).toEqual([out]);

    const mac = mesh.core.context.netmap.nodes().find((node) => node.name === "a")!.vtep_mac;
    const back = buildPacket({ src: "10.99.7.9", dst: address, protocol: "udp", payload: new Uint8Array(9).fill(2) });
    const forged = buildPacket({ src: "10.99.8.9", dst: address, protocol: "udp", payload: new Uint8Array(9) });
    vtep.send(back, { underlay: a.underlay, mac });
    vtep.send(forged, { underlay: a.underlay, mac });
    vtep.send(back, { underlay: a.underlay, mac, vni: 5 });
    vtep.send(back, { underlay: a.underlay, mac: "02:00:00:00:00:99" });
    await mesh.time.run(SOON_MS);
    expect(mesh.arrivals).toEqual([{ node: "a", at: address, packet: back }]);
    for (const reason of ["ingress-spoof", "vxlan-vni", "wrong-mac"]) expect(drops(a, reason)).toBe(1);

    await removeForeignPeer(mesh.core.context, "gw");
    await converge(mesh, SOON_MS);
    vtep.send(back, { underlay: a.underlay, mac });
    await mesh.time.run(SOON_MS);
    expect(mesh.arrivals).toHaveLength(1);
    expect(drops(a, "unknown-peer")).toBe(1);
  });

  it("is not held up by a slow node, and costs nothing for it: it gets few updates, each with all that is new", async () => {
    c.applyMs = 2_000;
    const before = mesh.rpc.updates.length;
    const startMs = mesh.time.monotonicMs();
    for (let i = 0; i < 120; i++) {
      if (i % 2 === 0) await addForeignPeer(mesh.core.context, foreign("gw", 7));
      else await removeForeignPeer(mesh.core.context, "gw");
      await mesh.time.run(SOON_MS);
      for (const node of [a, b]) expect(lagOf(mesh, node)).toBeNull();
    }
    const applied = (mesh.time.monotonicMs() - startMs) / c.applyMs;
    const toC = mesh.rpc.updates.slice(before).filter(({ host }) => host === "c");
    expect(toC.length).toBeLessThanOrEqual(applied + STREAM_WINDOW + 1);
    await converge(mesh, (STREAM_WINDOW + 2) * c.applyMs);
  });

  it("tells of what happens within a tick in one update", async () => {
    const before = mesh.rpc.updates.length;
    for (let i = 1; i <= 20; i++) {
      await addForeignPeer(mesh.core.context, foreign(`gw${i}`, i));
      await mesh.time.run(2);
    }
    await mesh.time.run(SOON_MS);
    for (const node of [a, b, c]) {
      expect(lagOf(mesh, node)).toBeNull();
      expect(mesh.rpc.updates.slice(before).filter(({ host }) => host === node.name)).toHaveLength(1);
    }
  });

  it("catches a node up by a change when its revision can be continued", async () => {
    mesh.rpc.cut("c");
    await mesh.time.run(30_000);
    await addForeignPeer(mesh.core.context, foreign("gw", 7));
    await mesh.time.run(SOON_MS);
    const before = mesh.rpc.updates.length;
    mesh.rpc.heal("c");
    await converge(mesh, 30_000);
    const toC = mesh.rpc.updates.slice(before).filter(({ host }) => host === "c");
    expect(toC.map(({ kind }) => kind)).not.toContain("snapshot");
  });

  it("catches a node up by a snapshot when the changes it missed are forgotten", async () => {
    mesh.rpc.cut("c");
    await mesh.time.run(30_000);
    await addForeignPeer(mesh.core.context, foreign("gw", 7));
    await mesh.time.complete("b leaves", b.leave(true));
    await mesh.control.store.compact(mesh.core.context.view.revision);
    await mesh.control.crash();
    await mesh.control.start();
    const before = mesh.rpc.updates.length;
    mesh.rpc.heal("c");
    await converge(mesh, 60_000);
    expect(mesh.rpc.updates.slice(before).find(({ host }) => host === "c")?.kind).toBe("snapshot");
    expect(
      peersOf(c)
        .map(({ underlayAddress }) => underlayAddress)
        .sort(),
    ).toEqual([a.underlay, "198.51.100.7"].sort());
  });

  it("goes back, by a snapshot, with a control plane that was set back to a backup", async () => {
    const backup = await mesh.control.backup();
    await addForeignPeer(mesh.core.context, foreign("gw", 7));
    await converge(mesh, SOON_MS);
    await mesh.control.crash();
    mesh.control.restore(backup);
    const before = mesh.rpc.updates.length;
    await mesh.control.start();
    await mesh.time.run(30_000);
    await converge(mesh, 1_000);
    for (const node of [a, b, c]) expect(peersOf(node)).toHaveLength(2);
    expect(mesh.rpc.updates.slice(before).map(({ kind }) => kind)).toEqual(["snapshot", "snapshot", "snapshot"]);
  });

  it("goes back with it also a node that was away until the numbers of revisions had come round again", async () => {
    const backup = await mesh.control.backup();
    await addForeignPeer(mesh.core.context, foreign("gone", 7));
    await converge(mesh, SOON_MS);
    const { revision } = mesh.core.context.netmap;
    mesh.rpc.cut("c");
    await mesh.control.crash();
    mesh.control.restore(backup);
    await mesh.control.start();
    await mesh.time.run(30_000);
    for (let i = 8; i < 12; i++) await addForeignPeer(mesh.core.context, foreign(`gw${i}`, i));
    await mesh.time.run(SOON_MS);
    expect(mesh.core.context.netmap.revision).toBeGreaterThan(revision);
    mesh.rpc.heal("c");
    await converge(mesh, 60_000);
    expect(peersOf(c)).toHaveLength(2 + 4);
  });

  it("carries packets without loss while peers come and go", async () => {
    const ends = [];
    for (const node of [a, b, c]) ends.push({ node, address: (await node.addPod("web")).addresses[0]! });
    const ledger = new Ledger(mesh, randomFor(SEED, "packets"));
    for (let i = 0; i < 40; i++) {
      if (i % 2 === 0) await addForeignPeer(mesh.core.context, foreign("gw", 7));
      else await removeForeignPeer(mesh.core.context, "gw");
      for (const from of ends) for (const to of ends) if (from !== to) ledger.sendOne(from, to);
      await mesh.time.run(10);
    }
    await mesh.time.run(SOON_MS);
    expect(ledger.settle()).toEqual({ missing: [], repeated: [] });
    expect(ledger.faults).toEqual([]);
  });
});
