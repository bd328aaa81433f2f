import { WarrenError } from "@warren/common/errors/warren-error.ts";
import { parseAddress } from "@warren/common/net/address.ts";
import { parseMac } from "@warren/common/net/mac.ts";
import { parsePrefix } from "@warren/common/net/prefix.ts";
import type { ClusterMessage, NetmapUpdate, NodeMessage } from "@warren/common/rpc/messages.ts";

/** What this node must know of the mesh, as of a revision of the store. Immutable. */
export interface Netmap {
  readonly revision: number;
  readonly cluster: ClusterMessage;
  /** By node id, this node among them. */
  readonly nodes: ReadonlyMap<string, NodeMessage>;
}

/**
 * The netmap after an update. Throws `compacted` for a delta without anything it could be applied to: ask for a
 * snapshot. What was known before is not touched.
 */
export function applyUpdate(netmap: Netmap | null, update: NetmapUpdate): Netmap {
  if (update.snapshot) {
    const { cluster, nodes } = update.snapshot;
    return { revision: update.revision, cluster, nodes: new Map(nodes.map((node) => [node.id, node])) };
  }
  if (!netmap) throw new WarrenError("compacted", "a change of the netmap came before the netmap itself");
  if (!update.delta) return { ...netmap, revision: update.revision };
  const nodes = new Map(netmap.nodes);
  for (const node of update.delta.changed) nodes.set(node.id, node);
  for (const id of update.delta.removed_ids) nodes.delete(id);
  return { revision: update.revision, cluster: update.delta.cluster ?? netmap.cluster, nodes };
}

/**
 * Why a node's entry cannot be used; null when it can. The control plane checks what nodes tell it; what a broken or
 * taken-over one sends must end here all the same, because from here it goes to routes and packet headers.
 */
export function faultOf(node: NodeMessage): string | null {
  try {
    parseAddress(node.underlay_address);
    parseMac(node.vtep_mac);
    for (const cidr of node.pod_cidrs) parsePrefix(cidr);
  } catch (error) {
    return (error as Error).message;
  }
  return Number.isInteger(node.port) && node.port >= 0 && node.port <= 65535 ? null : `${node.port} is not a port`;
}
