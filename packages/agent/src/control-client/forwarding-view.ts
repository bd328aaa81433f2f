import { parsePrefix, prefixContains } from "@warren/common/net/prefix.ts";
import type { ClusterMessage, NodeMessage } from "@warren/common/rpc/messages.ts";
import type { ForwardingView } from "../dataplane-host/data-plane.ts";
import { faultOf, type Netmap } from "./netmap.ts";

/**
 * What the packet path needs of the netmap. A node that is down stays a peer: whether it can be reached is for packets
 * to find out, not for the control plane, which may be the one that is cut off.
 */
export function compileView(netmap: Netmap, self: NodeMessage): ForwardingView {
  const peers = [...netmap.nodes.values()]
    .filter((node) => node.id !== self.id && node.pod_cidrs.length > 0 && faultOf(node) === null)
    .map((node) => ({
      nodeId: node.id,
      underlayAddress: node.underlay_address,
      port: node.port || netmap.cluster.port,
      vtepMac: node.vtep_mac,
      prefixes: node.pod_cidrs,
    }));
  return { localPrefixes: self.pod_cidrs, peers };
}

/** Nothing goes out and nothing comes in: for a node whose lease is not its own any more. */
export const CLOSED_VIEW: ForwardingView = { localPrefixes: [], peers: [] };

/**
 * All that the host must route into the overlay: the pools, and prefixes of foreign peers that lie outside of them, of the
 * families that the pools have: on a node without IPv6 pods the overlay's device has no IPv6.
 */
export function overlayPrefixes(cluster: ClusterMessage, nodes: Iterable<NodeMessage>): string[] {
  const pools = cluster.pod_cidrs.map(parsePrefix);
  const isOutside = (cidr: string): boolean => {
    const prefix = parsePrefix(cidr);
    const family = pools.filter((pool) => pool.address.family === prefix.address.family);
    return (
      family.length > 0 && !family.some((pool) => pool.length <= prefix.length && prefixContains(pool, prefix.address))
    );
  };
  const outside = [...nodes]
    .filter((node) => faultOf(node) === null)
    .flatMap((node) => node.pod_cidrs)
    .filter(isOutside);
  return [...cluster.pod_cidrs, ...new Set(outside)];
}
