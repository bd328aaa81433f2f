import { describe, expect, it } from "vitest";
import type { HostPlan } from "./host-network.ts";
import { planRoutes, removeRoutes } from "./host-routes.ts";

const plan: HostPlan = {
  ...{ tun: "warren0", overlayMtu: 1450, gsoMaxSegments: 44 },
  podCidrs: ["10.244.1.0/24", "fd00:77:1::/64"],
  nodeAddresses: ["10.244.1.1", "fd00:77:1::1"],
  overlayPrefixes: ["10.244.0.0/16", "fd00:77::/48"],
  pools: ["10.244.0.0/16", "fd00:77::/48"],
  underlay: "eth0",
  plainPaths: [],
  plainSources: [],
  ...{ routeOverlay: true, catchOverlay: false },
};
const words = (lines: readonly (readonly string[])[]) => lines.map((line) => line.join(" "));
const OURS = [
  "route replace 10.244.0.0/16 dev warren0 src 10.244.1.1 proto 119",
  "route replace fd00:77::/48 dev warren0 src fd00:77:1::1 proto 119",
  "route replace unreachable 10.244.1.0/24 proto 119",
  "route replace unreachable fd00:77:1::/64 proto 119",
];

describe("routes of a node", () => {
  it("send the pools into the overlay, and absent local pods nowhere", () => {
    expect(words(planRoutes(plan, []))).toEqual(OURS);
  });

  it("are the same over those of an earlier start; what is no longer wanted goes", () => {
    const existing = [
      { dst: "10.244.0.0/16", dev: "warren0", protocol: "119" },
      { type: "unreachable", dst: "10.244.1.0/24", protocol: "119" },
      { type: "unreachable", dst: "10.244.9.0/24", dev: "lo", protocol: "119" },
      { dst: "10.99.0.5", dev: "warren0", protocol: "119" },
      { dst: "default", dev: "eth0", gateway: "192.0.2.1" },
    ];
    expect(words(planRoutes(plan, existing))).toEqual([
      "route del unreachable 10.244.9.0/24 proto 119",
      "route del 10.99.0.5/32 dev warren0 proto 119",
      ...OURS,
    ]);
    expect(removeRoutes(existing)).toHaveLength(4);
  });

  it("leave the peers to the packet path where it has routes of its own, and the rest of the pools nowhere", () => {
    const kernel = { ...plan, routeOverlay: false, catchOverlay: true };
    const peers = [{ dst: "10.244.2.0/24", dev: "warren0", gateway: "10.244.2.0", protocol: "120" }];
    const before = [...peers, { dst: "10.244.0.0/16", dev: "warren0", protocol: "119" }];
    expect(words(planRoutes(kernel, before))).toEqual([
      "route del 10.244.0.0/16 dev warren0 proto 119",
      "route replace unreachable 10.244.0.0/16 metric 65535 proto 119",
      "route replace unreachable fd00:77::/48 metric 65535 proto 119",
      ...OURS.slice(2),
    ]);
    // IPv6 takes another route to the prefix away where the metric is not said.
    const after = [{ type: "unreachable", dst: "fd00:77::/48", metric: 65535, protocol: "119" }];
    expect(words(planRoutes(plan, after))[0]).toBe("route del unreachable fd00:77::/48 metric 65535 proto 119");
    expect(words(planRoutes({ ...plan, catchOverlay: true }, []))).toHaveLength(6);
    expect(removeRoutes(peers)).toEqual([]);
    const all = [...before, ...after];
    expect(removeRoutes(all)).toHaveLength(2);
    // Pods remain that must not find another way out.
    expect(words(removeRoutes(all, { keepCaught: true }))).toEqual(["route del 10.244.0.0/16 dev warren0 proto 119"]);
  });

  it("are refused where the host uses one of the prefixes for something else", () => {
    const taken = [{ dst: "10.244.0.0/16", dev: "cni0", protocol: "kernel" }];
    expect(() => planRoutes(plan, taken)).toThrow(/already routes 10\.244\.0\.0\/16 to cni0/);
    const own = [{ dst: "10.244.1.0/24", dev: "cni0", protocol: "kernel" }];
    expect(() => planRoutes(plan, own)).toThrow(/already routes 10\.244\.1\.0\/24 to cni0/);
    expect(() => planRoutes(plan, [{ dst: "10.244.0.0/17", dev: "cni0" }])).not.toThrow();
  });
});
