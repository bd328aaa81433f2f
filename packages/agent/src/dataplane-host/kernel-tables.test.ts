import { describe, expect, it } from "vitest";
import type { ForwardingPeer, ForwardingView } from "./data-plane.ts";
import { compileKernelTables, diffKernelTables, type KernelTables } from "./kernel-tables.ts";

const options = { tunName: "warren0", underlayAddress: "192.0.2.1", port: 4789 };
const peer = (number: number, changes: Partial<ForwardingPeer> = {}): ForwardingPeer => ({
  nodeId: `n${number}`,
  underlayAddress: `192.0.2.${number}`,
  port: 4789,
  vtepMac: `02:00:00:00:00:0${number}`,
  prefixes: [`10.244.${number}.0/24`, `fd00:77:0:${number}::/64`],
  ...changes,
});
const view = (...peers: ForwardingPeer[]): ForwardingView => ({
  localPrefixes: ["10.244.1.0/24", "fd00:77:0:1::/64"],
  peers,
});
const plain = ({ routes, neighbours, fdb }: KernelTables) =>
  Object.fromEntries(
    Object.entries({ routes, neighbours, fdb }).map(([name, table]) => [
      name,
      [...table].map(([key, words]) => [key, ...words].join(" ")),
    ]),
  );
const lines = (batch: readonly (readonly string[])[]) => batch.map((line) => line.join(" "));
const NONE: KernelTables = { routes: new Map(), neighbours: new Map(), fdb: new Map() };

describe("the kernel's tables for a view", () => {
  it("lead each prefix to a gateway that stands for the peer's VTEP, and that to its underlay address", () => {
    const tables = compileKernelTables(view(peer(2), peer(3, { port: 4790 })), options);
    expect(plain(tables)).toEqual({
      routes: [
        "10.244.2.0/24 via 10.244.2.0 dev warren0 onlink src 10.244.1.1 metric 4096 proto 120",
        "fd00:77:0:2::/64 via fd00:77:0:2:: dev warren0 onlink src fd00:77:0:1::1 metric 4096 proto 120",
        "10.244.3.0/24 via 10.244.3.0 dev warren0 onlink src 10.244.1.1 metric 4096 proto 120",
        "fd00:77:0:3::/64 via fd00:77:0:3:: dev warren0 onlink src fd00:77:0:1::1 metric 4096 proto 120",
      ],
      neighbours: [
        "10.244.2.0 lladdr 02:00:00:00:00:02",
        "fd00:77:0:2:: lladdr 02:00:00:00:00:02",
        "10.244.3.0 lladdr 02:00:00:00:00:03",
        "fd00:77:0:3:: lladdr 02:00:00:00:00:03",
      ],
      fdb: ["02:00:00:00:00:02 dst 192.0.2.2", "02:00:00:00:00:03 dst 192.0.2.3 port 4790"],
    });
    expect(tables.peers.map(({ nodeId }) => nodeId)).toEqual(["n2", "n3"]);
  });

  it("are empty for a closed view", () => {
    const tables = compileKernelTables({ localPrefixes: [], peers: [] }, options);
    expect(plain(tables)).toEqual({ routes: [], neighbours: [], fdb: [] });
    expect(tables.peers).toEqual([]);
  });

  it("leave out what a vxlan device cannot do", () => {
    const tables = compileKernelTables(
      view(
        peer(2, { underlayAddress: "2001:db8::2" }),
        peer(3),
        peer(4, { vtepMac: "02:00:00:00:00:03" }),
        peer(5, { underlayAddress: "192.0.2.3" }),
        peer(6, { prefixes: ["0.0.0.0/0"] }),
      ),
      options,
    );
    expect([...tables.routes.keys()]).toEqual(["10.244.3.0/24", "fd00:77:0:3::/64"]);
    expect(tables.peers.map(({ nodeId }) => nodeId)).toEqual(["n3", "n6"]);
    const onlyIpv4 = compileKernelTables({ ...view(peer(2)), localPrefixes: ["10.244.1.0/24"] }, options);
    expect([...onlyIpv4.routes.keys()]).toEqual(["10.244.2.0/24"]);
  });

  it("give a prefix that stands twice to this node, then to the earlier peer", () => {
    const prefixes = ["10.244.1.0/24", "10.244.2.0/24"];
    const tables = compileKernelTables(view(peer(2), peer(3, { prefixes })), options);
    expect(tables.routes.get("10.244.2.0/24")).toContain("10.244.2.0");
    expect(tables.neighbours.get("10.244.2.0")).toEqual(["lladdr", "02:00:00:00:00:02"]);
    expect(tables.peers[1]!.prefixes).toEqual([]);
  });

  it("tell the gateways of two prefixes that begin alike apart", () => {
    const tables = compileKernelTables(
      view(peer(2, { prefixes: ["10.9.0.0/16", "10.8.0.1/32"] }), peer(3, { prefixes: ["10.9.0.0/24"] })),
      options,
    );
    expect(plain(tables)["routes"]).toEqual([
      "10.9.0.0/16 via 10.9.0.0 dev warren0 onlink src 10.244.1.1 metric 4096 proto 120",
      "10.8.0.1/32 via 10.8.0.1 dev warren0 onlink src 10.244.1.1 metric 4096 proto 120",
      "10.9.0.0/24 via 10.9.0.1 dev warren0 onlink src 10.244.1.1 metric 4096 proto 120",
    ]);
    expect(tables.neighbours.get("10.9.0.1")).toEqual(["lladdr", "02:00:00:00:00:03"]);
  });

  it("are refused when a text is no address", () => {
    for (const bad of [{ prefixes: ["10.244.2.1/24"] }, { underlayAddress: "192.0.2" }, { vtepMac: "02" }])
      expect(() => compileKernelTables(view(peer(2, bad)), options)).toThrow(
        expect.objectContaining({ code: "address-invalid" }),
      );
  });
});

describe("the change from one view to the next", () => {
  const tables = (...peers: ForwardingPeer[]) => compileKernelTables(view(...peers), options);
  const one = (number: number, changes: Partial<ForwardingPeer> = {}) =>
    peer(number, { prefixes: [`10.244.${number}.0/24`], ...changes });

  it("is nothing when nothing has changed", () => {
    expect(diffKernelTables(tables(peer(2), peer(3)), tables(peer(3), peer(2)), "warren0")).toEqual({
      ...{ unroute: [], fdb: [], route: [] },
    });
  });

  it("names only the peer that came", () => {
    const change = diffKernelTables(tables(one(2), one(3)), tables(one(2)), "warren0");
    expect(lines(change.unroute)).toEqual([]);
    expect(lines(change.fdb)).toEqual(["fdb replace 02:00:00:00:00:03 dev warren0 dst 192.0.2.3 self permanent"]);
    expect(lines(change.route)).toEqual([
      "neigh replace 10.244.3.0 lladdr 02:00:00:00:00:03 dev warren0 nud permanent",
      "route replace 10.244.3.0/24 via 10.244.3.0 dev warren0 onlink src 10.244.1.1 metric 4096 proto 120",
    ]);
  });

  it("takes the routes of a peer that went first", () => {
    const change = diffKernelTables(tables(one(2)), tables(one(2), one(3)), "warren0");
    expect(lines(change.unroute)).toEqual(["route del 10.244.3.0/24 dev warren0 proto 120"]);
    expect(lines(change.fdb)).toEqual(["fdb del 02:00:00:00:00:03 dev warren0 dst 192.0.2.3 self"]);
    expect(lines(change.route)).toEqual(["neigh del 10.244.3.0 dev warren0"]);
  });

  it("moves a peer to another underlay address, and a prefix to another peer, in place", () => {
    const moved = diffKernelTables(tables(one(2, { underlayAddress: "192.0.2.9" })), tables(one(2)), "warren0");
    expect(lines(moved.fdb)).toEqual(["fdb replace 02:00:00:00:00:02 dev warren0 dst 192.0.2.9 self permanent"]);
    expect([moved.unroute, moved.route]).toEqual([[], []]);
    const taken = diffKernelTables(tables(one(3, { prefixes: ["10.244.2.0/24"] })), tables(one(2)), "warren0");
    expect(taken.unroute).toEqual([]);
    expect(lines(taken.route)).toEqual(["neigh replace 10.244.2.0 lladdr 02:00:00:00:00:03 dev warren0 nud permanent"]);
  });

  it("takes away what somebody else put into the device", () => {
    const strange = { ...NONE, fdb: new Map([["00:00:00:00:00:00", ["dst", "192.0.2.66"]]]) };
    expect(lines(diffKernelTables(NONE, strange, "warren0").fdb)).toEqual([
      "fdb del 00:00:00:00:00:00 dev warren0 dst 192.0.2.66 self",
    ]);
  });
});
