import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { describeIpam, describeNodes } from "../api/describe.ts";
import { addForeignPeer, removeForeignPeer } from "./foreign-peers.ts";
import { revokeNode } from "./removal.ts";
import { addReservation, removeReservation } from "./reservations.ts";
import { MeshHarness } from "./testing/mesh-harness.ts";

const coded = (code: string) => expect.objectContaining({ code });
const HOUR = 3_600_000;

let mesh: MeshHarness;

beforeEach(async () => {
  mesh = await MeshHarness.start();
});

afterEach(() => mesh.stop());

const states = () => Object.fromEntries(describeNodes(mesh.core.context, false).map((node) => [node.name, node.state]));

describe("registration", () => {
  it("is idempotent, and keeps the Ethernet address for ever", async () => {
    const a = await mesh.node("a", "192.0.2.1");
    const first = await a.register();
    const { revision } = await mesh.store.range("");
    expect(await a.register()).toEqual(first);
    expect((await mesh.store.range("")).revision).toBe(revision);
    await mesh.restart();
    expect(await a.register()).toEqual(first);
  });

  it("refuses a second node with the same name, naming both", async () => {
    const a = await mesh.node("a", "192.0.2.1");
    const again = mesh.node("a", "192.0.2.2");
    await expect(again).rejects.toThrow(coded("node-name-taken"));
    await expect(again).rejects.toThrow(
      new RegExp(`node a \\(${a.id}\\) at 192\\.0\\.2\\.1 .* node at 192\\.0\\.2\\.2 cannot`),
    );
  });

  it("refuses a second node with the same underlay address, in any spelling, naming both", async () => {
    const a = await mesh.node("a", "2001:db8::1");
    const again = mesh.node("b", "2001:DB8:0::1");
    await expect(again).rejects.toThrow(coded("underlay-taken"));
    await expect(again).rejects.toThrow(new RegExp(`node a \\(${a.id}\\) has it, so node b cannot`));
    const c = await mesh.node("c", "192.0.2.3");
    await expect(c.register({ underlay_address: "2001:db8::1" })).rejects.toThrow(coded("underlay-taken"));
  });

  it("lets a node move to another underlay address, and frees the old one", async () => {
    const a = await mesh.node("a", "192.0.2.1");
    await a.register();
    expect((await a.register({ underlay_address: "192.0.2.9" })).self.underlay_address).toBe("192.0.2.9");
    await mesh.node("b", "192.0.2.1");
  });

  it.each([
    [{ node_name: "b" }, "forbidden"],
    [{ protocol: 2 }, "version-mismatch"],
    [{ underlay_address: "010.0.0.1" }, "address-invalid"],
    [{ underlay_address: "0.0.0.0" }, "address-invalid"],
    [{ underlay_address: "ff02::1" }, "address-invalid"],
    [{ underlay_address: "10.244.3.4" }, "address-invalid"],
    [{ port: 0 }, "usage"],
    [{ held_pod_cidrs: ["10.244.0.1/24"] }, "address-invalid"],
    [{ held_pod_cidrs: ["10.99.0.0/24"] }, "lease-lost"],
    [{ held_pod_cidrs: Array(9).fill("10.244.0.0/24") }, "usage"],
  ])("refuses %j with %s", async (change, code) => {
    const a = await mesh.node("a", "192.0.2.1");
    await expect(a.register(change)).rejects.toThrow(coded(code));
  });

  it("refuses names that could be read as something else", async () => {
    for (const name of ["", "../x", "a b", "-rf", "A", "a/b", "a;reboot", `a${"x".repeat(63)}`]) {
      await expect(mesh.node(name, "192.0.2.1")).rejects.toThrow(coded("name-invalid"));
    }
  });
});

describe("liveness and retention", () => {
  it("shows a silent node as down after 15 s, keeps its CIDR, and takes it back with the next heartbeat", async () => {
    const a = await mesh.node("a", "192.0.2.1");
    const b = await mesh.node("b", "192.0.2.2");
    await a.register();
    await b.register();
    await b.live(14_000);
    expect(states()).toEqual({ a: "ready", b: "ready" });
    await b.live(3_000);
    expect(states()).toEqual({ a: "down", b: "ready" });
    const { nodes } = (await b.watch().soon()).snapshot!;
    expect(nodes.find((node) => node.name === "a")).toMatchObject({ state: "NODE_STATE_DOWN", pod_cidrs: a.held });
    await a.heartbeat();
    expect(states()).toEqual({ a: "ready", b: "ready" });
  });

  it("writes nothing to the store for heartbeats", async () => {
    const a = await mesh.node("a", "192.0.2.1");
    await a.register();
    const { revision } = await mesh.store.range("");
    await a.live(60_000);
    expect((await mesh.store.range("")).revision).toBe(revision);
  });

  it("gives a CIDR away only after 24 h of silence, and then tells its old holder who has it", async () => {
    await mesh.stop();
    mesh = await MeshHarness.start({ pools: ["10.0.0.0/24"] });
    const a = await mesh.node("a", "192.0.2.1");
    const b = await mesh.node("b", "192.0.2.2");
    await a.register();
    await mesh.clock.advance(24 * HOUR - 1_000);
    await expect(b.register()).rejects.toThrow(coded("pool-exhausted"));
    await expect(b.register()).rejects.toThrow("10.0.0.0/24 has 1 of /24, 1 leased, 0 reserved");
    await mesh.clock.advance(1_000);
    expect((await b.register()).self).toMatchObject({ pod_cidrs: ["10.0.0.0/24"], epoch: 2 });
    await expect(a.heartbeat()).rejects.toThrow(coded("lease-lost"));
    await expect(a.register()).rejects.toThrow(`node b (${b.id}) has it, with epoch 2`);
    await mesh.core.as(b.id).leave({ release: true });
    expect((await a.register({ accept_new_lease: true })).self).toMatchObject({ pod_cidrs: ["10.0.0.0/24"], epoch: 3 });
  });

  it("shows until when the addresses of a node that is down are kept", async () => {
    const a = await mesh.node("a", "192.0.2.1");
    await a.register();
    expect(describeIpam(mesh.core.context).leases).toMatchObject([{ node: "a", retainedUntil: null }]);
    const heardMs = mesh.clock.nowMs();
    await mesh.clock.advance(20_000);
    const until = new Date(heardMs + 24 * HOUR).toISOString();
    expect(describeIpam(mesh.core.context).leases).toMatchObject([{ node: "a", retainedUntil: until }]);
  });

  it("takes nobody's address away because the wall clock was set", async () => {
    await mesh.stop();
    mesh = await MeshHarness.start({ pools: ["10.0.0.0/24"] });
    const a = await mesh.node("a", "192.0.2.1");
    const b = await mesh.node("b", "192.0.2.2");
    await a.register();
    await mesh.clock.advance(HOUR);
    mesh.clock.stepWall(10 * 365 * 24 * HOUR);
    await expect(b.register()).rejects.toThrow(coded("pool-exhausted"));
    mesh.clock.stepWall(-20 * 365 * 24 * HOUR);
    expect((await a.register()).self).toMatchObject({ pod_cidrs: ["10.0.0.0/24"], epoch: 1 });
  });

  it("gives live nodes time to come back after the control plane itself was away for days", async () => {
    await mesh.stop();
    mesh = await MeshHarness.start({ pools: ["10.0.0.0/23"] });
    const [a, b, c] = [
      await mesh.node("a", "192.0.2.1"),
      await mesh.node("b", "192.0.2.2"),
      await mesh.node("c", "192.0.2.3"),
    ];
    await a.register();
    await b.register();
    await a.live(30_000);
    expect(states()).toMatchObject({ a: "ready", b: "down" });
    await mesh.restart(72 * HOUR);
    await expect(c.register()).rejects.toThrow(coded("pool-exhausted"));
    expect(await a.heartbeat()).toBeDefined();
    // b could not be heard while the control plane was away; only now does its silence count.
    await a.live(300_000);
    expect((await c.register()).self.pod_cidrs).toEqual(b.held);
    expect(states()).toMatchObject({ a: "ready", b: "down", c: "ready" });
  });
});

describe("leaving", () => {
  it("takes a node out of every netmap at once and keeps its lease", async () => {
    const a = await mesh.node("a", "192.0.2.1");
    const b = await mesh.node("b", "192.0.2.2");
    await a.register();
    await b.register();
    const reader = b.watch();
    await reader.soon();
    await a.mesh.leave({ release: false });
    const update = reader.next();
    await mesh.clock.advance(50);
    expect((await update).delta).toMatchObject({ changed: [], removed_ids: [a.id] });
    const c = await mesh.node("c", "192.0.2.3");
    expect((await c.register()).self.pod_cidrs).not.toEqual(a.held);
    await expect(a.heartbeat()).rejects.toThrow(coded("not-ready"));
    expect((await a.register()).self).toMatchObject({ pod_cidrs: a.held, epoch: 1 });
  });

  it("with release frees CIDR, name and address, and ends the old identity when another takes the name", async () => {
    const a = await mesh.node("a", "192.0.2.1");
    await a.register();
    await a.mesh.leave({ release: true });
    const again = await mesh.node("a", "192.0.2.1");
    expect((await again.register()).self).toMatchObject({ pod_cidrs: a.held, epoch: 2 });
    expect(again.id).not.toBe(a.id);
    await expect(a.register()).rejects.toThrow(coded("node-revoked"));
  });

  it("with release, and nobody in between, brings the same node back as it was", async () => {
    const a = await mesh.node("a", "192.0.2.1");
    const before = await a.register();
    await a.mesh.leave({ release: true });
    expect((await a.register()).self).toEqual(before.self);
  });
});

describe("revocation", () => {
  it("ends calls, watches, renewal and name of the node, and survives a restart", async () => {
    const a = await mesh.node("a", "192.0.2.1");
    const b = await mesh.node("b", "192.0.2.2");
    await a.register();
    await b.register();
    const [mine, others] = [a.watch(), b.watch()];
    await mine.soon();
    await others.soon();
    const ended = expect(mine.next()).rejects.toThrow(coded("node-revoked"));
    const told = others.next();
    await revokeNode(mesh.core.context, "a");
    await mesh.clock.advance(50);
    await ended;
    expect((await told).delta?.removed_ids).toEqual([a.id]);
    for (let restarts = 0; restarts < 2; restarts++) {
      await expect(a.register()).rejects.toThrow(coded("node-revoked"));
      await expect(a.heartbeat()).rejects.toThrow(coded("node-revoked"));
      await expect(a.mesh.leave({ release: false })).rejects.toThrow(coded("node-revoked"));
      await expect(a.mesh.renewCertificate({ csr_der: new Uint8Array() })).rejects.toThrow(coded("node-revoked"));
      await expect(a.watch().soon()).rejects.toThrow(coded("node-revoked"));
      await mesh.restart();
    }
    await expect(revokeNode(mesh.core.context, "a")).rejects.toThrow(coded("not-found"));
    expect((await (await mesh.node("a", "192.0.2.1")).register()).self).toMatchObject({ pod_cidrs: a.held, epoch: 2 });
  });

  it("takes a node that left with release, whose certificate is still good", async () => {
    const a = await mesh.node("a", "192.0.2.1");
    await a.register();
    await a.mesh.leave({ release: true });
    expect((await revokeNode(mesh.core.context, "a")).id).toBe(a.id);
    await expect(a.register()).rejects.toThrow(coded("node-revoked"));
    await expect(a.mesh.renewCertificate({ csr_der: new Uint8Array() })).rejects.toThrow(coded("node-revoked"));
    await expect(revokeNode(mesh.core.context, "a")).rejects.toThrow(coded("not-found"));
  });

  it("frees the name of a node that joined and never registered after the retention time", async () => {
    const a = await mesh.node("a", "192.0.2.1");
    await mesh.clock.advance(23 * HOUR);
    await expect(mesh.node("a", "192.0.2.2")).rejects.toThrow(coded("node-name-taken"));
    await mesh.restart();
    await mesh.clock.advance(2 * HOUR);
    await mesh.node("a", "192.0.2.1");
    await expect(a.register()).rejects.toThrow(coded("node-revoked"));
  });

  it("frees the name of a node that is gone for longer than the retention time, for good", async () => {
    const a = await mesh.node("a", "192.0.2.1");
    await a.register();
    await mesh.clock.advance(25 * HOUR);
    const again = await mesh.node("a", "192.0.2.1");
    expect((await again.register()).self).toMatchObject({ pod_cidrs: a.held, epoch: 2 });
    await expect(a.register()).rejects.toThrow(coded("node-revoked"));
  });
});

describe("foreign peers and reservations", () => {
  const peer = {
    name: "gw",
    underlayAddress: "192.0.2.77",
    vtepMac: "02:00:00:00:00:77",
    podCidrs: ["10.244.0.0/23", "172.20.0.0/16"],
  };

  it("shows a foreign peer in every netmap as ready and never leases its prefixes", async () => {
    await addForeignPeer(mesh.core.context, peer);
    const a = await mesh.node("a", "192.0.2.1");
    expect((await a.register()).self.pod_cidrs).toEqual(["10.244.2.0/24"]);
    const { nodes } = (await a.watch().soon()).snapshot!;
    expect(nodes.find((node) => node.foreign)).toMatchObject({
      name: "gw",
      state: "NODE_STATE_READY",
      pod_cidrs: peer.podCidrs,
      port: 4789,
      vtep_mac: peer.vtepMac,
    });
    await mesh.clock.advance(25 * HOUR);
    await mesh.restart();
    await expect(mesh.node("gw", "192.0.2.5")).rejects.toThrow(coded("node-name-taken"));
    await expect(mesh.node("x", "192.0.2.77")).rejects.toThrow(coded("underlay-taken"));
    await expect(revokeNode(mesh.core.context, "gw")).rejects.toThrow(coded("not-found"));
    await removeForeignPeer(mesh.core.context, "gw");
    await mesh.node("gw", "192.0.2.77");
  });

  it("never lets a foreign peer's id call", async () => {
    const { id } = await addForeignPeer(mesh.core.context, peer);
    await expect(mesh.core.as(id).leave({ release: true })).rejects.toThrow(coded("unauthenticated"));
  });

  it.each([
    [{ podCidrs: [] }, "usage"],
    [{ podCidrs: ["10.0.0.0/8"] }, "pool-overlap"],
    [{ podCidrs: ["172.16.0.0/16", "172.16.1.0/24"] }, "pool-overlap"],
    [{ podCidrs: ["10.244.9.0/24"] }, "already-exists"],
    [{ podCidrs: ["10.244.5.0/25"] }, "already-exists"],
    [{ vtepMac: "01:00:5e:00:00:01" }, "address-invalid"],
    [{ vtepMac: "nonsense" }, "address-invalid"],
    [{ underlayAddress: "10.244.0.1" }, "address-invalid"],
    [{ name: "A b" }, "name-invalid"],
  ])("refuses a foreign peer with %j as %s", async (change, code) => {
    await addForeignPeer(mesh.core.context, {
      ...peer,
      name: "other",
      underlayAddress: "192.0.2.78",
      podCidrs: ["10.244.9.0/25"],
    });
    const a = await mesh.node("a", "192.0.2.1");
    await a.register({ held_pod_cidrs: ["10.244.5.0/24"] });
    await expect(addForeignPeer(mesh.core.context, { ...peer, ...change })).rejects.toThrow(coded(code));
  });

  it("takes no prefix that would send the packets between nodes into the overlay", async () => {
    const { context } = mesh.core;
    await mesh.node("a", "198.51.100.1");
    const over = (podCidrs: string[]) => addForeignPeer(context, { ...peer, podCidrs });
    await expect(over(["198.51.100.0/24"])).rejects.toThrow(/198\.51\.100\.0\/24 holds .* 198\.51\.100\.1 of a/);
    await expect(over(["192.0.2.64/26"])).rejects.toThrow(coded("address-invalid"));
    await over(["172.20.0.0/16"]);
    await expect(mesh.node("b", "172.20.0.9")).rejects.toThrow(coded("address-invalid"));
  });

  it("keeps reserved addresses from being leased until they are free again", async () => {
    const { context } = mesh.core;
    await addReservation(context, "10.244.0.0/17", "printers");
    await expect(addReservation(context, "10.244.0.0/17", "")).rejects.toThrow(coded("already-exists"));
    await expect(addReservation(context, "10.9.0.0/24", "")).rejects.toThrow(coded("usage"));
    const a = await mesh.node("a", "192.0.2.1");
    expect((await a.register()).self.pod_cidrs).toEqual(["10.244.128.0/24"]);
    await expect(addReservation(context, "10.244.128.7/32", "")).rejects.toThrow(/10\.244\.128\.0\/24, which node a/);
    expect(describeIpam(context)).toMatchObject({
      pools: [{ capacity: 256, leased: 1, reserved: 128 }],
      reservations: [{ cidr: "10.244.0.0/17", note: "printers" }],
    });
    await removeReservation(context, "10.244.0.0/17");
    await expect(removeReservation(context, "10.244.0.0/17")).rejects.toThrow(coded("not-found"));
    expect((await (await mesh.node("b", "192.0.2.2")).register()).self.pod_cidrs).toEqual(["10.244.0.0/24"]);
  });
});
