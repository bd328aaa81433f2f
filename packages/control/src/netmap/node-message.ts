import { isSealed } from "@warren/common/net/cipher.ts";
import { encapsulationOf } from "@warren/common/net/encapsulation.ts";
import type { ClusterMessage, NodeMessage, PairCipher } from "@warren/common/rpc/messages.ts";
import type { ClusterView } from "../registry/cluster-view.ts";
import { type ClusterRecord, type NodeRecord, sealedPortOf } from "../registry/keys.ts";

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
    ...sealingFields(view.cluster, node),
  };
}

const NO_KEY = Buffer.alloc(0);

/** What peers seal to a node with; without a key there is no port either. */
export function sealingFields(
  cluster: ClusterRecord,
  node: NodeRecord,
): Pick<NodeMessage, "sealing_key" | "sealed_port" | "key_epoch"> {
  const { sealingKey, sealedPort = sealedPortOf(cluster), keyEpoch = 0 } = node;
  return {
    sealing_key: sealingKey ? Buffer.from(sealingKey, "base64") : NO_KEY,
    sealed_port: sealingKey ? sealedPort : 0,
    key_epoch: keyEpoch,
  };
}

export function clusterMessage(view: ClusterView): ClusterMessage {
  const { id, pools, vni, port, cipher } = view.cluster;
  return {
    ...{ id, pod_cidrs: pools, vni, port, cipher, encapsulation: encapsulationOf(view.cluster) },
    sealed_port: sealedPortOf(view.cluster),
    pair_ciphers: pairMessages(view),
  };
}

/** Those whose cipher is another one than the cluster's. */
function pairMessages({ cluster, pairCiphers }: ClusterView): PairCipher[] {
  if (!isSealed(cluster.cipher)) return [];
  return pairCiphers
    .values()
    .filter(({ cipher }) => cipher !== cluster.cipher)
    .map(({ nodeA, nodeB, cipher }) => ({ node_a: nodeA, node_b: nodeB, cipher }));
}
