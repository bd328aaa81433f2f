import { WarrenError } from "@warren/common/errors/warren-error.ts";
import { parseAddress } from "@warren/common/net/address.ts";
import { parsePrefix, prefixesOverlap } from "@warren/common/net/prefix.ts";
import { tryRun } from "@warren/common/runtime/run.ts";
import { type Framing, MIN_IPV6_MTU, overlayMtu } from "@warren/common/wire/overhead.ts";
import { vxlanDevices } from "../dataplane-host/vxlan-device.ts";
import { ROUTE_PROTOCOL } from "../host/host-routes.ts";
import { findUnderlay } from "../host/linux-host-network.ts";
import { type IpLink, type IpRoute, ipJson, withLength } from "../platform/linux/ip.ts";
import { findArpRival } from "../platform/linux/ip-arp.ts";
import { loadLibc } from "../platform/linux/libc.ts";
import { openUdp } from "../platform/linux/udp.ts";
import { fail, failOf, ok, warn } from "./check-result.ts";
import type { Check } from "./doctor.ts";

const OVERLAY_DEVICE = "warren0";

/** On which interface the address is, and what its MTU leaves for pods. */
export async function checkUnderlay(address: string, framing: Framing): Promise<Check[]> {
  try {
    const { name, mtu } = await findUnderlay(address);
    const overlay = overlayMtu(mtu, parseAddress(address).family, framing);
    const where = ok("underlay address", `${address} on ${name}`);
    const sums = `underlay ${mtu}, overlay ${overlay}`;
    if (overlay >= MIN_IPV6_MTU) return [where, ok("mtu", sums)];
    return [where, warn("mtu", `${sums}: IPv6 pods need ${MIN_IPV6_MTU}`, `raise the MTU of ${name}`)];
  } catch (error) {
    return [failOf("underlay address", error as Error)];
  }
}

/** A running agent holds the port rightly; whose it is, `ss` knows. */
export async function checkUdpPort(
  address: string,
  port: number,
  name: "udp port" | "sealed port" = "udp port",
): Promise<Check> {
  const libc = loadLibc();
  try {
    libc.close(openUdp(libc, parseAddress(address), port).fd);
    return ok(name, `UDP ${port} is free`);
  } catch (error) {
    const code = error instanceof WarrenError ? error.code : "internal";
    if (code !== "port-in-use") return failOf(name, error as Error);
    if ((await vxlanDevicesOn(port)).includes(OVERLAY_DEVICE))
      return ok(name, `UDP ${port} is held by ${OVERLAY_DEVICE}, the vxlan device of an agent`);
    const holder = await portHolder(port);
    // Node names its main thread "MainThread".
    if (/"(node|warren|MainThread)"/.test(holder))
      return ok(name, `UDP ${port} is held by ${holder}, an agent most likely`);
    const flag = name === "udp port" ? "--port" : "--sealed-port";
    return fail(name, `UDP ${port} is held by ${holder}`, `stop it, or make the cluster with another ${flag}`);
  }
}

/** A socket without a process belongs to the kernel: a vxlan device, or WireGuard. */
async function portHolder(port: number): Promise<string> {
  try {
    const { stdout } = await tryRun("ss", ["-Hlunp", `sport = :${port}`]);
    return /users:\(\((.*?)\)\)/.exec(stdout)?.[1] ?? "the kernel (a vxlan or wireguard device)";
  } catch {
    return "another socket";
  }
}

/** A vxlan device of others on our port takes our packets before we see them. */
export async function checkVxlanDevices(port: number): Promise<Check> {
  const same = (await vxlanDevicesOn(port)).filter((name) => name !== OVERLAY_DEVICE);
  return same.length === 0
    ? ok("vxlan devices", `none of others on port ${port}`)
    : fail(
        "vxlan devices",
        `${same.join(", ")} uses UDP port ${port} too`,
        "remove it, or make the cluster with another --port",
      );
}

async function vxlanDevicesOn(port: number): Promise<string[]> {
  const links = await vxlanDevices();
  return links.filter((link) => link.linkinfo?.info_data?.port === port).map((link) => link.ifname);
}

/**
 * Whether another machine has the address: by ARP for IPv4; for IPv6 the kernel asks whenever an address is set, and
 * remembers a refusal.
 */
export async function checkDoubleAddress(address: string): Promise<Check> {
  const name = "double address";
  const links = await ipJson<IpLink>(["address", "show"]);
  const link = links.find((candidate) => candidate.addr_info?.some((info) => info.local === address));
  if (!link) return warn(name, "not tested: the address is not on this host", "see the underlay address");
  const rival = address.includes(":")
    ? link.addr_info?.some((info) => info.local === address && info.dadfailed) && "duplicate address detection"
    : link.address && (await findArpRival(loadLibc(), link.ifindex, link.address, address));
  return rival
    ? fail(name, `another machine on ${link.ifname} has ${address} too (${rival})`, "give every node its own address")
    : ok(name, `nobody else on ${link.ifname} has ${address}`);
}

/** Routes of others that overlap a pool: packets for pods would go there, or packets for there to pods. */
export async function checkPools(podCidrs: readonly string[]): Promise<Check[]> {
  const routes = (await Promise.all(["-4", "-6"].map((family) => ipJson<IpRoute>([family, "route", "show"]))))
    .flat()
    .filter((route) => route.dst !== "default" && route.protocol !== ROUTE_PROTOCOL && !isOurs(route));
  return podCidrs.map((pool) => {
    const prefix = parsePrefix(pool);
    const clash = routes.find((route) => prefixesOverlap(prefix, parsePrefix(withLength(route.dst))));
    const name = `pool ${pool}`;
    return clash
      ? fail(
          name,
          `this host routes ${clash.dst} to ${clash.dev ?? clash.type}`,
          "make the cluster with another --pod-cidr",
        )
      : ok(name, "no route of this host overlaps it");
  });
}

/** Routes of the overlay's device and to pods: an agent runs here. */
function isOurs(route: IpRoute): boolean {
  return route.dev === OVERLAY_DEVICE || /^wrn[0-9a-f]{11}$/.test(route.dev ?? "");
}
