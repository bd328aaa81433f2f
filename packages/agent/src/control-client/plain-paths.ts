import { parseAddress } from "@warren/common/net/address.ts";
import { isSealed } from "@warren/common/net/cipher.ts";
import { type Encapsulation, encapsulationOf } from "@warren/common/net/encapsulation.ts";
import { type Prefix, prefixContains } from "@warren/common/net/prefix.ts";
import type { ClusterMessage, NodeMessage } from "@warren/common/rpc/messages.ts";
import type { PlainPath } from "../host/host-network.ts";
import { faultOf } from "./netmap.ts";

/**
 * Every pod CIDR of a peer that could be reached without a tunnel, in any mode of the cluster: of a sealed cluster none,
 * of foreign peers none (nobody told them of ours), and no IPv6 pods over an IPv4 underlay, which no route can say. A
 * node that is down stays in, as in the packet path (`forwarding-view.ts`).
 *
 * @param subnet of this node's underlay address: who is in it is on this link
 */
export function plainPaths(
  cluster: ClusterMessage,
  nodes: Iterable<NodeMessage>,
  self: NodeMessage,
  subnet: Prefix,
): PlainPath[] {
  if (isSealed(cluster.cipher)) return [];
  return [...nodes]
    .filter((node) => node.id !== self.id && !node.foreign && faultOf(node) === null)
    .flatMap((node) => {
      const onLink = prefixContains(subnet, parseAddress(node.underlay_address));
      const underlayIsIpv6 = node.underlay_address.includes(":");
      return node.pod_cidrs
        .filter((cidr) => underlayIsIpv6 || !cidr.includes(":"))
        .map((prefix) => ({ prefix, underlay: node.underlay_address, onLink }));
    });
}

/** Those of the paths that the cluster's mode asks for. */
export function wantedPaths(paths: readonly PlainPath[], cluster: ClusterMessage): readonly PlainPath[] {
  return SELECT[encapsulationOf(cluster)](paths);
}

const SELECT: Readonly<Record<Encapsulation, (paths: readonly PlainPath[]) => readonly PlainPath[]>> = {
  always: () => [],
  "cross-subnet": (paths) => paths.filter((path) => path.onLink),
  never: (paths) => paths,
};
