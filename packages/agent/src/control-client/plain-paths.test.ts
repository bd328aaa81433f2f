import { parsePrefix } from "@warren/common/net/prefix.ts";
import type { ClusterMessage, NodeMessage } from "@warren/common/rpc/messages.ts";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { plainPaths, wantedPaths } from "./plain-paths.ts";

const cluster: ClusterMessage = {
  ...{ id: "c", pod_cidrs: ["10.244.0.0/16", "fd00:77::/48"], vni: 4096, port: 4789 },
  ...{ cipher: "none", encapsulation: "cross-subnet" },
  ...{ sealed_port: 51820, pair_ciphers: [] },
};
const node = (id: number, underlay: string, change: Partial<NodeMessage> = {}): NodeMessage => ({
  ...{ id: `n${id}`, name: `n${id}`, underlay_address: underlay, port: 0, vtep_mac: "02:00:00:00:00:01", epoch: 1 },
  ...{ pod_cidrs: [`10.244.${id}.0/24`, `fd00:77:0:${id}::/64`], state: "NODE_STATE_READY", foreign: false },
  ...{ sealing_key: new Uint8Array(), sealed_port: 0, key_epoch: 0 },
  ...change,
});
const self = node(1, "192.0.2.1");
const subnet = parsePrefix("192.0.2.0/24");
const prefixesOf = (nodes: NodeMessage[], mode = cluster.encapsulation, own = subnet) => {
  const told = { ...cluster, encapsulation: mode };
  return wantedPaths(plainPaths(told, nodes, self, own), told).map((path) => path.prefix);
};

describe("peers with a plain path", () => {
  const near = node(2, "192.0.2.2");
  const far = node(3, "198.51.100.3");

  it("are those of the subnet with cross-subnet, all with never, none with always or with what is not known", () => {
    expect(prefixesOf([self, near, far])).toEqual(["10.244.2.0/24"]);
    expect(prefixesOf([self, near, far], "never")).toEqual(["10.244.2.0/24", "10.244.3.0/24"]);
    expect(prefixesOf([self, near, far], "always")).toEqual([]);
    expect(prefixesOf([self, near, far], "")).toEqual([]);
    expect(prefixesOf([self, near, far], "perhaps")).toEqual([]);
  });

  it("are reached on the link, or over the way to their underlay address", () => {
    expect(plainPaths(cluster, [near, far], self, subnet)).toEqual([
      { prefix: "10.244.2.0/24", underlay: "192.0.2.2", onLink: true },
      { prefix: "10.244.3.0/24", underlay: "198.51.100.3", onLink: false },
    ]);
  });

  it("have both families over IPv6, and only IPv4 over IPv4", () => {
    const over6 = node(4, "2001:db8::4");
    const on6 = parsePrefix("2001:db8::/64");
    expect(prefixesOf([over6], "cross-subnet", on6)).toEqual(["10.244.4.0/24", "fd00:77:0:4::/64"]);
    expect(prefixesOf([near])).toEqual(["10.244.2.0/24"]);
  });

  it("are nodes with an agent and a sound entry, up or down", () => {
    expect(prefixesOf([node(5, "192.0.2.5", { foreign: true })], "never")).toEqual([]);
    expect(prefixesOf([node(5, "192.0.2.5; reboot")], "never")).toEqual([]);
    expect(prefixesOf([node(5, "192.0.2.5", { pod_cidrs: ["10.244.5.0/24 dev eth0"] })], "never")).toEqual([]);
    expect(prefixesOf([node(5, "192.0.2.5", { state: "NODE_STATE_DOWN" })])).toEqual(["10.244.5.0/24"]);
  });

  it("on a host whose underlay address has no subnet, as in many clouds, are none with cross-subnet", () => {
    expect(prefixesOf([near], "cross-subnet", parsePrefix("192.0.2.1/32"))).toEqual([]);
  });

  it("do not exist in a sealed cluster, whatever a control plane says", () => {
    const anyNode = fc
      .tuple(fc.nat(250), fc.nat(250), fc.boolean(), fc.boolean())
      .map(([id, host, foreign, v6]) => node(id, v6 ? `2001:db8::${host}` : `192.0.2.${host}`, { foreign }));
    const cipher = fc.oneof(fc.constantFrom("aes-256-gcm", "chacha20-poly1305"), fc.string({ minLength: 1 }));
    fc.assert(
      fc.property(
        fc.array(anyNode),
        cipher,
        fc.constantFrom("always", "cross-subnet", "never", "x"),
        (nodes, c, mode) => {
          fc.pre(c !== "none");
          const sealed = { ...cluster, cipher: c, encapsulation: mode };
          const paths = plainPaths(sealed, nodes, self, subnet);
          expect(paths).toEqual([]);
          // Nor when the cipher is heard of after the paths were made.
          expect(wantedPaths(plainPaths(cluster, nodes, self, subnet), sealed)).toEqual([]);
        },
      ),
    );
  });
});
