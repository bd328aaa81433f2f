import { WarrenError } from "@warren/common/errors/warren-error.ts";
import { type IpLine, type IpRoute, withLength } from "../platform/linux/ip.ts";
import type { HostPlan } from "./host-network.ts";

/** Marks our routes in the kernel's table (`ip route show proto 119`), so that a later start knows which are ours. */
export const ROUTE_PROTOCOL = "119";

/** Behind every route that somebody else could have to the same prefix. */
const LAST_METRIC = "65535";

/**
 * The `ip -batch` lines that turn the routes of `existing` into those of the plan:
 *
 *     10.244.0.0/16 dev warren0 src 10.244.1.1     the pools go into the overlay, with the node's own address
 *     unreachable 10.244.1.0/24                    but an address of ours that no pod has does not come back out of it
 *     10.244.1.2 dev wrn3f…                        (pods: more specific than both)
 *     10.244.2.0/24 via 192.0.2.12 dev eth0        (`plain`, laid by `plain-routes.ts`: here they only are not removed)
 *
 * Where the device has a route to each peer, the first is not wanted. What none of them takes is unreachable, behind all
 * others; the same where the cluster is sealed, for when the device is gone: a killed agent takes it along.
 *
 *     10.244.2.0/24 via 10.244.2.0 dev warren0     (a peer: not ours, the packet path's)
 *     unreachable 10.244.0.0/16 metric 65535
 *
 * Throws `already-exists` when somebody else has a route to exactly one of these prefixes: replacing it would cut off
 * whatever it is for.
 */
export function planRoutes(
  plan: HostPlan,
  existing: readonly IpRoute[],
  plain: readonly { readonly prefix: string }[] = [],
): IpLine[] {
  const wanted = new Map<string, IpLine>();
  if (plan.catchOverlay)
    for (const prefix of plan.overlayPrefixes)
      wanted.set(keyOf(prefix, "unreachable"), [
        ...["route", "replace", "unreachable", prefix, "metric", LAST_METRIC, "proto", ROUTE_PROTOCOL],
      ]);
  for (const prefix of plan.routeOverlay ? plan.overlayPrefixes : []) {
    const source = plan.nodeAddresses.find((address) => address.includes(":") === prefix.includes(":"));
    const words = ["route", "replace", prefix, "dev", plan.tun, ...(source ? ["src", source] : [])];
    wanted.set(keyOf(prefix, "unicast"), [...words, "proto", ROUTE_PROTOCOL]);
  }
  for (const cidr of plan.podCidrs)
    wanted.set(keyOf(cidr, "unreachable"), ["route", "replace", "unreachable", cidr, "proto", ROUTE_PROTOCOL]);

  const kept = new Set(plain.map(({ prefix }) => keyOf(prefix, "unicast")));
  const lines: IpLine[] = [];
  for (const route of existing) {
    const prefix = withLength(route.dst);
    const key = keyOf(prefix, route.type ?? "unicast");
    if (route.protocol === ROUTE_PROTOCOL) {
      if (!wanted.has(key) && !kept.has(key)) lines.push(deleteLine(route, prefix));
    } else if (
      (wanted.has(keyOf(prefix, "unicast")) || wanted.has(keyOf(prefix, "unreachable"))) &&
      route.dev !== plan.tun
    ) {
      throw new WarrenError(
        "already-exists",
        `this host already routes ${prefix} to ${route.dev ?? route.type}, and the cluster's pods need it; remove that route, or make the cluster with another --pod-cidr`,
      );
    }
  }
  return [...lines, ...wanted.values()];
}

/** Lines that remove every route of ours; with `keepCaught`, what was caught stays unreachable. */
export function removeRoutes(existing: readonly IpRoute[], { keepCaught = false } = {}): IpLine[] {
  const isCatch = (route: IpRoute): boolean => route.type === "unreachable" && String(route.metric) === LAST_METRIC;
  return existing
    .filter((route) => route.protocol === ROUTE_PROTOCOL && !(keepCaught && isCatch(route)))
    .map((route) => deleteLine(route, withLength(route.dst)));
}

function deleteLine(route: IpRoute, prefix: string): IpLine {
  const type = route.type && route.type !== "unicast" ? [route.type] : [];
  const device = route.dev && type.length === 0 ? ["dev", route.dev] : [];
  // Without its metric, IPv6 takes away another route of ours to the prefix: it does not compare types.
  const metric = route.metric === undefined ? [] : ["metric", String(route.metric)];
  return ["route", "del", ...type, prefix, ...device, ...metric, "proto", ROUTE_PROTOCOL];
}

function keyOf(prefix: string, type: string): string {
  return `${type} ${prefix}`;
}
