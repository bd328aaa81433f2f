import { expect, test } from "vitest";
import { ETHERNET_HEADER } from "./ethernet.ts";
import { IPV4_HEADER } from "./ipv4.ts";
import { IPV6_HEADER } from "./ipv6.ts";
import { encapsulationOverhead, HEADROOM, overlayMtu, VXLAN_ENCAPSULATION } from "./overhead.ts";
import { UDP_HEADER } from "./udp.ts";
import { VXLAN_HEADER } from "./vxlan.ts";

test("the ruler is the sum of the headers of the codecs", () => {
  const encapsulation = VXLAN_HEADER + ETHERNET_HEADER;
  expect(VXLAN_ENCAPSULATION).toBe(encapsulation);
  expect(encapsulationOverhead(4)).toBe(IPV4_HEADER + UDP_HEADER + encapsulation);
  expect(encapsulationOverhead(6)).toBe(IPV6_HEADER + UDP_HEADER + encapsulation);
});

test("an Ethernet underlay leaves 1450 over IPv4 and 1430 over IPv6", () => {
  expect(overlayMtu(1500, 4)).toBe(1450);
  expect(overlayMtu(1500, 6)).toBe(1430);
  expect(overlayMtu(9000, 4)).toBe(8950);
});

test("the head-room holds the encapsulation and keeps the inner packet on a cache line", () => {
  expect(HEADROOM).toBeGreaterThanOrEqual(VXLAN_ENCAPSULATION);
  expect(HEADROOM % 64).toBe(0);
});
