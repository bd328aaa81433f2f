import { WarrenError } from "@warren/common/errors/warren-error.ts";
import type { ClusterView } from "../registry/cluster-view.ts";
import type { NodeRecord } from "../registry/keys.ts";

/**
 * The record of a caller, if it may still call.
 * @throws `node-revoked`; `unauthenticated` for an id that is of no node
 */
export function requireNode(view: ClusterView, nodeId: string): NodeRecord {
  const revoked = view.revoked.get(nodeId);
  if (revoked) {
    const when = new Date(revoked.revokedMs).toISOString();
    throw new WarrenError(
      "node-revoked",
      `node ${revoked.name} (${nodeId}) was removed from the cluster at ${when}; to come back it needs a new token and an ` +
        "empty data-dir",
    );
  }
  const node = view.nodes.get(nodeId);
  if (!node || node.foreign)
    throw new WarrenError("unauthenticated", `there is no node with the id ${nodeId} in this cluster`);
  return node;
}

/** The record of a caller that has registered. @throws `not-ready` as well */
export function requireMember(view: ClusterView, nodeId: string): NodeRecord {
  const node = requireNode(view, nodeId);
  if (!node.joined)
    throw new WarrenError("not-ready", `node ${node.name} has not registered, or has left; it registers first`);
  return node;
}
