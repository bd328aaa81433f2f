import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { SubnetFile, subnetEnv } from "./subnet-file.ts";

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "warren-subnet-"));
});
afterEach(() => rmSync(dir, { recursive: true }));

test("has flannel's keys, the block by its first address, several pools separated by commas", () => {
  expect(subnetEnv({ pools: ["10.244.0.0/16"], podCidrs: ["10.244.1.0/24"], mtu: 1450 })).toBe(
    "FLANNEL_NETWORK=10.244.0.0/16\nFLANNEL_SUBNET=10.244.1.1/24\nFLANNEL_MTU=1450\nFLANNEL_IPMASQ=false\n",
  );
  const pools = ["10.244.0.0/16", "fd00:77::/48", "10.8.0.0/16"];
  expect(subnetEnv({ pools, podCidrs: ["10.8.3.0/24", "fd00:77:0:3::/64"], mtu: 1430 }).split("\n")).toEqual([
    "FLANNEL_NETWORK=10.244.0.0/16,10.8.0.0/16",
    "FLANNEL_SUBNET=10.8.3.1/24",
    "FLANNEL_IPV6_NETWORK=fd00:77::/48",
    "FLANNEL_IPV6_SUBNET=fd00:77:0:3::1/64",
    "FLANNEL_MTU=1430",
    "FLANNEL_IPMASQ=false",
    "",
  ]);
});

test("has no keys of a family that the node has no block of", () => {
  const text = subnetEnv({ pools: ["10.244.0.0/16", "fd00:77::/48"], podCidrs: ["fd00:77:0:1::/64"], mtu: 1430 });
  expect(text).not.toMatch(/^FLANNEL_(NETWORK|SUBNET)=/m);
  expect(text).toMatch(/^FLANNEL_IPV6_SUBNET=fd00:77:0:1::1\/64$/m);
});

test("is there at once, readable by all, written only when it is another, and gone when removed", () => {
  const path = join(dir, "subnet.env");
  const file = new SubnetFile(dir);
  const subnet = { pools: ["10.244.0.0/16"], podCidrs: ["10.244.1.0/24"], mtu: 1450 };
  file.write(subnet);
  expect(statSync(path).mode & 0o777).toBe(0o644);
  const { ino } = statSync(path);
  file.write({ ...subnet });
  expect(statSync(path).ino).toBe(ino);
  file.write({ ...subnet, mtu: 1440 });
  expect(readFileSync(path, "utf8")).toContain("FLANNEL_MTU=1440\n");
  expect(readdirSync(dir)).toEqual(["subnet.env"]);
  file.remove();
  file.remove();
  expect(readdirSync(dir)).toEqual([]);
  file.write({ ...subnet, mtu: 1440 });
  expect(readdirSync(dir)).toEqual(["subnet.env"]);
});
