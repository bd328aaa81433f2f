import { checkIpv4 } from "@warren/common/wire/ipv4.ts";
import { checkIpv6 } from "@warren/common/wire/ipv6.ts";
import { checkVxlan, VXLAN_OK } from "@warren/common/wire/vxlan.ts";
import { expect, it } from "vitest";
import { forgeUdpPacket, forgeVxlan } from "./forge.ts";

it.each([
  ["10.244.1.2", "10.244.0.2", checkIpv4],
  ["fd00:77:0:1::2", "fd00:77::2", checkIpv6],
])("from %s to %s is right in every header where nothing is to be wrong", (source, destination, check) => {
  const inner = forgeUdpPacket({ source, destination, port: 9999, payload: "hello" });
  expect(check(inner, 0, inner.length)).toBeGreaterThan(0);
  const datagram = forgeVxlan({ vni: 4096, destinationMac: "02:00:00:00:00:01", inner });
  expect(checkVxlan(datagram, 0, datagram.length, 4096)).toBe(VXLAN_OK);
  expect(datagram.subarray(22).equals(inner)).toBe(true);
});
