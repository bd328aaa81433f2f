import type { ClusterInfo, ControlIpam, NodeInfo } from "@warren/common/api/types.ts";
import { encapsulationOf } from "@warren/common/net/encapsulation.ts";
import { formatPrefix } from "@warren/common/net/prefix.ts";
import { poolUsage } from "../ipam/allocator.ts";
import type { MeshContext } from "../mesh/context.ts";
import { ipamState } from "../mesh/ipam-state.ts";
import { type ClusterRecord, type NodeRecord, sealedPortOf } from "../registry/keys.ts";

/** The cluster's settings as the local API shows them. */
export function describeCluster(cluster: ClusterRecord): ClusterInfo {
  const { id, pools, vni, port, cipher } = cluster;
  const sealedPort = sealedPortOf(cluster);
  return { id, podCidrs: pools, vni, port, sealedPort, cipher, encapsulation: encapsulationOf(cluster) };
}

/** A node or foreign peer as the local API shows it. */
export function describeNode({ view, liveness }: MeshContext, node: NodeRecord): NodeInfo {
  const leases = node.foreign ? [] : view.leasesOf(node.id);
  const lastSeenMs = liveness.lastSeenMs(node.id);
  const ready = node.foreign || (node.joined && view.heard.get(node.id)?.state === "ready");
  return {
    id: node.id,
    name: node.name,
    underlayAddress: node.underlayAddress,
    port: node.port,
    vtepMac: node.vtepMac,
    podCidrs: node.foreign ? node.podCidrs : leases.map((lease) => lease.cidr),
    epoch: Math.max(0, ...leases.map((lease) => lease.epoch)),
    state: ready ? "ready" : "down",
    foreign: node.foreign,
    kind: node.foreign ? (node.sealingKey ? "wireguard" : "vxlan") : "node",
    sealing: node.sealingKey
      ? {
          publicKey: node.sealingKey,
          epoch: node.keyEpoch ?? 0,
          port: node.sealedPort ?? sealedPortOf(view.cluster),
        }
      : null,
    lastSeen: lastSeenMs === null ? null : isoTime(lastSeenMs),
  };
}

/** Nodes, or foreign peers, by name. A node that left for good is not among them. */
export function describeNodes(context: MeshContext, foreign: boolean): NodeInfo[] {
  const { view } = context;
  return view.nodes
    .values()
    .filter((node) => node.foreign === foreign && view.names.get(node.name) === node.id)
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .map((node) => describeNode(context, node));
}

/** Pools, leases and reservations as the local API shows them. */
export function describeIpam(context: MeshContext): ControlIpam {
  const { view, liveness } = context;
  const state = ipamState(context);
  return {
    role: "control",
    pools: state.pools.map((pool) => ({
      cidr: formatPrefix(pool.prefix),
      nodePrefix: pool.nodePrefix,
      ...poolUsage(state, pool),
    })),
    leases: view.leases.values().flatMap((lease) => {
      if (lease.nodeId === null) return [];
      const { cidr, nodeId, epoch, lastNode, sinceMs } = lease;
      const retainedMs = liveness.retainedUntilMs(nodeId);
      const retainedUntil = retainedMs === null ? null : isoTime(retainedMs);
      return [{ cidr, nodeId, node: lastNode, epoch, since: isoTime(sinceMs), retainedUntil }];
    }),
    reservations: view.reservations.values(),
  };
}

function isoTime(ms: number): string {
  return new Date(ms).toISOString();
}
