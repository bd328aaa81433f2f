import { readFileSync } from "node:fs";
import { WarrenError } from "@warren/common/errors/warren-error.ts";
import { formatAddress, parseAddress } from "@warren/common/net/address.ts";
import { formatMac, parseMac } from "@warren/common/net/mac.ts";
import { bridgeFdb } from "../platform/linux/bridge.ts";
import { type IpLink, type IpRoute, ipBatch, ipJson, withLength } from "../platform/linux/ip.ts";
import { listSysctl } from "../platform/linux/sysctl.ts";
import type { DataPlaneOptions, TrafficCounters } from "./data-plane.ts";
import { type KernelTables, PEER_ROUTE_PROTOCOL, routeWords } from "./kernel-tables.ts";

/** Every vxlan device of this network namespace. */
export function vxlanDevices(): Promise<IpLink[]> {
  return ipJson<IpLink>(["-details", "link", "show", "type", "vxlan"]);
}

/** True when the device is as `addVxlanDevice` makes it for these options: one of an earlier life of this agent. */
export function isOurs(link: IpLink, options: DataPlaneOptions): boolean {
  const { id, port, local, local6, learning } = link.linkinfo?.info_data ?? {};
  const address = formatAddress(parseAddress(options.underlayAddress));
  return (
    id === options.vni &&
    port === options.port &&
    (local ?? local6) === address &&
    learning === false &&
    link.address === formatMac(parseMac(options.vtepMac))
  );
}

/**
 * Makes a vxlan device, down: it learns nothing, floods nothing and resolves nothing, so that only what is written into
 * its tables is ever sent. Checksums, TTL, DF and offloads are the kernel's own choice.
 *
 * @throws `vxlan-missing`, `already-exists`, `not-root`
 */
export async function addVxlanDevice(name: string, options: DataPlaneOptions): Promise<void> {
  const { vni, port, underlayAddress, vtepMac, overlayMtu } = options;
  try {
    await ipBatch([
      [
        ...["link", "add", name, "address", formatMac(parseMac(vtepMac)), "mtu", String(overlayMtu)],
        ...["arp", "off", "multicast", "off", "type", "vxlan", "id", String(vni)],
        ...["local", formatAddress(parseAddress(underlayAddress)), "dstport", String(port), "nolearning"],
      ],
      // No link-local address: nobody could answer for it.
      ...(hasIpv6() ? [["link", "set", name, "addrgenmode", "none"]] : []),
    ]);
  } catch (error) {
    throw explainAdd(name, WarrenError.from(error));
  }
}

/**
 * Has the device send from the address of the options. @throws `address-not-local`; `config-invalid` for another family
 */
export async function moveVxlanDevice({ tunName, underlayAddress }: DataPlaneOptions): Promise<void> {
  const local = formatAddress(parseAddress(underlayAddress));
  try {
    await ipBatch([["link", "set", tunName, "type", "vxlan", "local", local]]);
  } catch (cause) {
    const { message } = WarrenError.from(cause);
    if (/address family/i.test(message))
      throw new WarrenError(
        "config-invalid",
        `the vxlan device cannot go over to ${local}, an address of the other family; restart the agent`,
        { cause },
      );
    throw cause;
  }
}

/** What the kernel's refusal to make a vxlan device means, in our words. */
export function explainAdd(name: string, error: WarrenError): WarrenError {
  if (/Unknown device type|Operation not supported|not supported by protocol/i.test(error.message))
    return new WarrenError(
      "vxlan-missing",
      "this kernel has no vxlan devices; load the module (modprobe vxlan), or take `dataplane: tun`",
      { cause: error },
    );
  if (/File exists/i.test(error.message))
    return new WarrenError(
      "already-exists",
      `a network interface ${name} exists already, an agent's most likely; stop it, or run this one in a network namespace of its own`,
      { cause: error },
    );
  return error;
}

/** Name of the device while another packet path has the real one. */
export function spareName(tunName: string): string {
  return `${tunName}-next`;
}

/** Removes the device when there is one and it is a vxlan device; costs nothing when there is none. */
export async function removeVxlanDevice(name: string): Promise<void> {
  if (!deviceTraffic(name)) return;
  if (!(await vxlanDevices()).some((link) => link.ifname === name)) return;
  await ipBatch([["link", "del", name]]);
}

/** What the kernel has in the tables of the device, in the form that `compileKernelTables` gives. */
export async function readKernelTables(name: string): Promise<KernelTables> {
  const families = hasIpv6() ? ["-4", "-6"] : ["-4"];
  const [fdb, neighbours, ...routes] = await Promise.all([
    bridgeFdb(name),
    ipJson<{ dst: string; lladdr?: string }>(["neigh", "show", "dev", name, "nud", "permanent"]),
    ...families.map((family) => ipJson<IpRoute>([family, "route", "show", "dev", name, "proto", PEER_ROUTE_PROTOCOL])),
  ]);
  return {
    fdb: new Map(
      fdb.map(({ mac, dst, port }) => [mac, dst ? ["dst", dst, ...(port ? ["port", String(port)] : [])] : []]),
    ),
    neighbours: new Map(neighbours.map(({ dst, lladdr }) => [dst, ["lladdr", lladdr ?? ""]])),
    routes: new Map(
      routes
        .flat()
        .map(({ dst, gateway, prefsrc }) => [withLength(dst), routeWords(name, gateway ?? "", prefsrc ?? "")]),
    ),
  };
}

/**
 * Counters of a device; null when there is none. From `/proc`, because `/sys` may show another network namespace's. A
 * super-packet counts as one.
 */
export function deviceTraffic(name: string): TrafficCounters | null {
  return readTraffic(readFileSync("/proc/thread-self/net/dev", "utf8"), name);
}

/** Reads the line of the device in `/proc/net/dev`: eight columns received, eight sent. */
export function readTraffic(text: string, name: string): TrafficCounters | null {
  for (const line of text.split("\n")) {
    const [device = "", rest] = line.split(":");
    if (device.trim() !== name || rest === undefined) continue;
    const columns = rest.trim().split(/\s+/).map(Number);
    const [rxBytes = 0, rxPackets = 0, , , , , , , txBytes = 0, txPackets = 0] = columns;
    return { txPackets, txBytes, rxPackets, rxBytes };
  }
  return null;
}

/** False where the kernel has no IPv6 at all. */
function hasIpv6(): boolean {
  return listSysctl(["net", "ipv6", "conf"]).length > 0;
}
