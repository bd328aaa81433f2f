import { encapsulationOf } from "@warren/common/net/encapsulation.ts";
import type { ClusterMessage, NodeMessage } from "@warren/common/rpc/messages.ts";
import type { ClusterView } from "../registry/cluster-view.ts";

/** A node as every netmap shows it; null when no netmap does. */
export function nodeMessage(view: ClusterView, nodeId: string): NodeMessage | null {
  const node = view.nodes.get(nodeId);
  if (!node?.joined) return null;
  const leases = node.foreign ? [] : view.leasesOf(nodeId);
  const ready = node.foreign || view.heard.get(nodeId)?.state === "ready";
  return {
    id: node.id,
    name: node.name,
    underlay_address: node.underlayAddress,
    port: node.port,
    vtep_mac: node.vtepMac,
    pod_cidrs: node.foreign ? node.podCidrs : leases.map((lease) => lease.cidr),
    epoch: Math.max(0, ...leases.map((lease) => lease.epoch)),
    state: ready ? "NODE_STATE_READY" : "NODE_STATE_DOWN",
    foreign: node.foreign,
  };
}

export function clusterMessage(view: ClusterView): ClusterMessage {
  const { id, pools, vni, port, cipher } = view.cluster;
  return { id, pod_cidrs: pools, vni, port, cipher, encapsulation: encapsulationOf(view.cluster) };
}
