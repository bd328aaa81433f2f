import { WarrenError } from "@warren/common/errors/warren-error.ts";
import { endLease } from "../ipam/allocator.ts";
import type { NodeRecord } from "../registry/keys.ts";
import type { Draft } from "../registry/transactor.ts";
import type { MeshContext } from "./context.ts";
import { claimIpam, putLeases } from "./ipam-state.ts";
import { forgetPairs } from "./pair-ciphers.ts";

/**
 * Ends a node for good in the transaction: out of every netmap, lease over, name and address free, and its identity
 * refused from now on, by id, so that no other form of its certificate helps.
 */
export function endNode(context: MeshContext, draft: Draft, node: NodeRecord): void {
  const { view, clock, instances } = context;
  instances.forget(node.id);
  draft.read(view.nodes, node.id);
  releaseLease(context, draft, node.id);
  releaseClaims(context, draft, node);
  forgetPairs(context, draft, node.id);
  draft.delete(view.nodes, node.id);
  draft.delete(view.heard, node.id);
  draft.put(view.revoked, node.id, { id: node.id, name: node.name, revokedMs: clock.nowMs() });
}

/** Makes the node's pod CIDRs free in the transaction. */
export function releaseLease(context: MeshContext, draft: Draft, nodeId: string): void {
  const leases = context.view.leasesOf(nodeId);
  claimIpam(context, draft);
  putLeases(context, draft, endLease(leases, context.clock.nowMs()));
}

/** Gives up name, address and sealing key in the transaction, as far as they are the node's. */
export function releaseClaims(context: MeshContext, draft: Draft, node: NodeRecord): void {
  const { view } = context;
  if (draft.read(view.names, node.name) === node.id) draft.delete(view.names, node.name);
  releaseUnderlay(context, draft, node);
  releaseSealingKey(context, draft, node);
}

export function releaseUnderlay({ view }: MeshContext, draft: Draft, node: NodeRecord): void {
  if (draft.read(view.underlays, node.underlayAddress) === node.id) draft.delete(view.underlays, node.underlayAddress);
}

export function releaseSealingKey({ view }: MeshContext, draft: Draft, { id, sealingKey }: NodeRecord): void {
  if (sealingKey && draft.read(view.sealingKeys, sealingKey) === id) draft.delete(view.sealingKeys, sealingKey);
}

/**
 * Revokes a node by its name: the one that has it, or else the one that gave it up when it left, since that could come
 * back as long as it renews its certificate.
 * @throws `not-found`
 */
export async function revokeNode(context: MeshContext, name: string): Promise<NodeRecord> {
  const { view, transactor, logger } = context;
  const node = await transactor.run((draft) => {
    const holderId = draft.read(view.names, name);
    const found =
      holderId === undefined ? view.nodes.values().find((node) => node.name === name) : view.nodes.get(holderId);
    if (!found || found.foreign) {
      throw new WarrenError("not-found", `there is no node ${JSON.stringify(name)}; "warren nodes" lists all`);
    }
    endNode(context, draft, found);
    return found;
  });
  logger.warn({ node: node.name, nodeId: node.id }, "node was revoked");
  return node;
}
