import { WarrenError } from "@warren/common/errors/warren-error.ts";
import { tryRun } from "@warren/common/runtime/run.ts";
import { PEER_ROUTE_PROTOCOL } from "../dataplane-host/kernel-tables.ts";
import { type IpLine, type IpRoute, ipBatch } from "../platform/linux/ip.ts";
import type { HostPlan } from "./host-network.ts";
import { ROUTE_PROTOCOL } from "./host-routes.ts";

/** A plain route that can be laid: `PREFIX via GATEWAY dev DEVICE onlink`. */
export interface PlainRoute {
  readonly prefix: string;
  readonly via: string;
  readonly device: string;
}

/** A route as `ip -json` shows it; a next hop of the other family stands in `via`. */
type ShownRoute = IpRoute & { readonly via?: { readonly host: string } };

/**
 * Over which next hop each path goes: to a peer on the link itself, to another the way that the host goes to the peer's
 * underlay address. A peer that the host has no way to is left out: it stays encapsulated, and is no worse off.
 */
export async function findRoutes({ plainPaths, underlay, tun }: HostPlan): Promise<PlainRoute[]> {
  const distant = new Set(plainPaths.filter((path) => !path.onLink).map((path) => path.underlay));
  const hops = await nextHops([...distant]);
  return plainPaths.flatMap(({ prefix, underlay: peer, onLink }) => {
    if (onLink) return [{ prefix, via: peer, device: underlay }];
    const hop = hops.get(peer);
    return hop && hop.device !== tun && hop.device !== "lo" ? [{ prefix, ...hop }] : [];
  });
}

/**
 * `onlink`: the kernel need not find the next hop by another route first. `src`: without it the node would talk to the
 * peer's pods from its underlay address.
 */
export function layLine({ prefix, via, device }: PlainRoute, plan: HostPlan): IpLine {
  const isIpv6 = prefix.includes(":");
  const source = sourceOf(prefix, plan);
  const gateway = via.includes(":") && !isIpv6 ? ["inet6", via] : [via];
  return [
    ...["route", "replace", prefix, "via", ...gateway, "dev", device, "onlink"],
    ...(source === undefined ? [] : ["src", source]),
    ...["proto", ROUTE_PROTOCOL],
  ];
}

/**
 * Lays the routes, family of the next hop by family: a kernel before 5.2 takes no IPv6 next hop for IPv4, and what it
 * refuses stays encapsulated. So does what cannot be laid for now (an interface that is down). What is laid in the end is
 * to be read from the kernel's table.
 */
export async function layRoutes(routes: readonly PlainRoute[], plan: HostPlan): Promise<void> {
  const mixed = (route: PlainRoute): boolean => route.via.includes(":") !== route.prefix.includes(":");
  for (const group of [routes.filter((route) => !mixed(route)), routes.filter(mixed)]) {
    try {
      await ipBatch(
        group.map((route) => layLine(route, plan)),
        { force: true },
      );
    } catch (error) {
      if (WarrenError.from(error).code !== "tool-failed") throw error;
    }
  }
}

/**
 * Whether the kernel's table has exactly this route, laid by us. With its source: when an IPv6 address goes, the kernel
 * keeps the routes that name it and forgets the name.
 */
export function isLaid({ prefix, via, device }: PlainRoute, table: readonly IpRoute[], plan: HostPlan): boolean {
  return table.some((route: ShownRoute) => {
    const isOurs = route.protocol === ROUTE_PROTOCOL && route.dst === prefix && route.dev === device;
    return isOurs && (route.gateway ?? route.via?.host) === via && route.prefsrc === sourceOf(prefix, plan);
  });
}

function sourceOf(prefix: string, { nodeAddresses }: HostPlan): string | undefined {
  return nodeAddresses.find((address) => address.includes(":") === prefix.includes(":"));
}

/** Whether somebody else on this host routes exactly this prefix: it stays theirs. */
export function isTaken({ prefix }: PlainRoute, table: readonly IpRoute[]): boolean {
  const ours = [ROUTE_PROTOCOL, PEER_ROUTE_PROTOCOL];
  return table.some((route) => route.dst === prefix && !ours.includes(route.protocol ?? ""));
}

/** One `ip` process for all of them; `-force` goes on behind an address that cannot be reached. */
async function nextHops(addresses: readonly string[]): Promise<Map<string, Omit<PlainRoute, "prefix">>> {
  if (addresses.length === 0) return new Map();
  const input = `${addresses.map((address) => `route get ${address}`).join("\n")}\n`;
  const { stdout } = await tryRun("ip", ["-json", "-force", "-batch", "-"], { input });
  const answers = stdout
    .split("\n")
    .filter((line) => line.startsWith("["))
    .flatMap((line) => JSON.parse(line) as ShownRoute[]);
  return new Map(
    answers.flatMap(({ dst, dev, gateway, via }) =>
      dev === undefined ? [] : [[dst, { via: gateway ?? via?.host ?? dst, device: dev }]],
    ),
  );
}
