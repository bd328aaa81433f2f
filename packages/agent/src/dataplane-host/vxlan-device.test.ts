import { WarrenError } from "@warren/common/errors/warren-error.ts";
import { expect, it } from "vitest";
import type { IpLink } from "../platform/linux/ip.ts";
import { explainAdd, isOurs, readTraffic } from "./vxlan-device.ts";

const options = {
  ...{ tunName: "warren0", underlayAddress: "192.0.2.1", port: 4789, vni: 4096 },
  ...{ vtepMac: "02:00:00:00:00:01", overlayMtu: 1450 },
};

it("says what the kernel's refusals mean", () => {
  const said = (text: string) => explainAdd("warren0", new WarrenError("tool-failed", text));
  expect(said("ip: Error: Unknown device type.")).toMatchObject({
    code: "vxlan-missing",
    message: expect.stringContaining("modprobe vxlan"),
  });
  expect(said("ip: RTNETLINK answers: Operation not supported").code).toBe("vxlan-missing");
  expect(said("ip: RTNETLINK answers: File exists").code).toBe("already-exists");
  expect(said("ip: RTNETLINK answers: Operation not permitted").code).toBe("tool-failed");
});

it("takes over only a device that is in every respect its own", () => {
  const data = { id: 4096, port: 4789, local: "192.0.2.1", learning: false };
  const link = (changes: object = {}, address = "02:00:00:00:00:01"): IpLink => ({
    ...{ ifindex: 7, ifname: "warren0", mtu: 1450, flags: ["UP"], address },
    linkinfo: { info_kind: "vxlan", info_data: { ...data, ...changes } },
  });
  expect(isOurs(link(), options)).toBe(true);
  for (const changes of [{ id: 1 }, { port: 8472 }, { local: "192.0.2.2" }, { learning: true }])
    expect(isOurs(link(changes), options)).toBe(false);
  expect(isOurs(link({}, "02:00:00:00:00:02"), options)).toBe(false);
  const ipv6 = { ...options, underlayAddress: "2001:db8::1" };
  const { local: _, ...rest } = data;
  const link6 = { ...link(), linkinfo: { info_data: { ...rest, local6: "2001:db8::1" } } };
  expect(isOurs(link6, ipv6)).toBe(true);
});

it("reads the counters of one device", () => {
  const text = [
    "Inter-|   Receive                                                |  Transmit",
    " face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed",
    "    lo:     100       1    0    0    0     0          0         0      100       1    0    0    0     0       0          0",
    "warren0:  5000      42    0    3    0     0          0         0     7000      21    0    0    0     0       0          0",
  ].join("\n");
  expect(readTraffic(text, "warren0")).toEqual({ rxBytes: 5000, rxPackets: 42, txBytes: 7000, txPackets: 21 });
  expect(readTraffic(text, "warren")).toBeNull();
});
