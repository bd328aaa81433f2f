import { describe, expect, it } from "vitest";
import type { HostPlan } from "./host-network.ts";
import { planRoutes } from "./host-routes.ts";
import { isLaid, isTaken, layLine, type PlainRoute } from "./plain-routes.ts";

const plan: HostPlan = {
  ...{ tun: "warren0", overlayMtu: 1450, gsoMaxSegments: 44, underlay: "eth0" },
  podCidrs: ["10.244.1.0/24", "fd00:77:1::/64"],
  nodeAddresses: ["10.244.1.1", "fd00:77:1::1"],
  overlayPrefixes: ["10.244.0.0/16", "fd00:77::/48"],
  pools: ["10.244.0.0/16", "fd00:77::/48"],
  ...{ plainPaths: [], plainSources: [], routeOverlay: true, catchOverlay: false },
};
const route: PlainRoute = { prefix: "10.244.2.0/24", via: "192.0.2.12", device: "eth0" };
const shown = { dst: "10.244.2.0/24", gateway: "192.0.2.12", dev: "eth0", prefsrc: "10.244.1.1", protocol: "119" };

describe("a plain route", () => {
  it("leads past the TUN device, from the node's own address of its family", () => {
    expect(layLine(route, plan).join(" ")).toBe(
      "route replace 10.244.2.0/24 via 192.0.2.12 dev eth0 onlink src 10.244.1.1 proto 119",
    );
    expect(layLine({ prefix: "fd00:77:2::/64", via: "2001:db8::2", device: "eth0" }, plan).join(" ")).toBe(
      "route replace fd00:77:2::/64 via 2001:db8::2 dev eth0 onlink src fd00:77:1::1 proto 119",
    );
  });

  it("of IPv4 pods over an IPv6 underlay names the family of the next hop", () => {
    expect(layLine({ ...route, via: "2001:db8::2" }, plan).join(" ")).toBe(
      "route replace 10.244.2.0/24 via inet6 2001:db8::2 dev eth0 onlink src 10.244.1.1 proto 119",
    );
  });

  it("is there when the kernel has it with this next hop, and from us", () => {
    expect(isLaid(route, [shown], plan)).toBe(true);
    expect(isLaid(route, [{ ...shown, gateway: "192.0.2.99" }], plan)).toBe(false);
    expect(isLaid(route, [{ ...shown, dev: "warren0" }], plan)).toBe(false);
    expect(isLaid(route, [{ ...shown, protocol: "static" }], plan)).toBe(false);
    expect(isLaid(route, [{ ...shown, prefsrc: "192.0.2.11" }], plan)).toBe(false);
    const { gateway: _, ...rest } = shown;
    const overIpv6 = { ...rest, via: { family: "inet6", host: "2001:db8::2" } };
    expect(isLaid({ ...route, via: "2001:db8::2" }, [overIpv6], plan)).toBe(true);
  });

  it("gives way to a route that somebody else has to the prefix", () => {
    expect(isTaken(route, [{ ...shown, protocol: "static" }])).toBe(true);
    expect(isTaken(route, [shown, { dst: "10.244.0.0/16", dev: "warren0", protocol: "119" }])).toBe(false);
  });

  it("is removed with the others of the node when it is wanted no more, and only then", () => {
    const removed = (wanted: PlainRoute[]) =>
      planRoutes(plan, [shown], wanted).flatMap((line) => (line[1] === "del" ? [line.join(" ")] : []));
    expect(removed([route])).toEqual([]);
    expect(removed([])).toEqual(["route del 10.244.2.0/24 dev eth0 proto 119"]);
  });
});
