import { WarrenError } from "@warren/common/errors/warren-error.ts";
import type { NodeRecord } from "../registry/keys.ts";
import type { Draft } from "../registry/transactor.ts";
import type { MeshContext } from "./context.ts";
import { endNode, releaseSealingKey, releaseUnderlay } from "./removal.ts";

/**
 * Makes name, underlay address and sealing key of `node` its own in the transaction.
 * @param before the node's record so far, whose claims it gives up
 * @throws `node-name-taken`, `underlay-taken`, `sealing-key-taken`, all naming both nodes. A holder whose retention is over does not count:
 *   it is removed for good
 */
export function claimNode(context: MeshContext, draft: Draft, node: NodeRecord, before?: NodeRecord): void {
  const { view } = context;
  const nameHolder = otherHolder(context, draft, draft.read(view.names, node.name), node.id);
  if (nameHolder) {
    throw new WarrenError(
      "node-name-taken",
      `the name ${node.name} is taken: node ${nameHolder.name} (${nameHolder.id}) at ${nameHolder.underlayAddress} has it, ` +
        `so the node at ${node.underlayAddress} cannot. Give it another name, or, if it takes the place of the old one, ` +
        `remove that one first: "warren nodes revoke ${nameHolder.name}" on the control plane`,
    );
  }
  const addressHolder = otherHolder(context, draft, draft.read(view.underlays, node.underlayAddress), node.id);
  if (addressHolder) {
    throw new WarrenError(
      "underlay-taken",
      `the underlay address ${node.underlayAddress} is taken: node ${addressHolder.name} (${addressHolder.id}) has it, ` +
        `so node ${node.name} cannot. Give this node its own address, or remove the other one: ` +
        `"warren nodes revoke ${addressHolder.name}" on the control plane`,
    );
  }
  const { sealingKey } = node;
  const keyHolder = sealingKey && otherHolder(context, draft, draft.read(view.sealingKeys, sealingKey), node.id);
  if (keyHolder) {
    throw new WarrenError(
      "sealing-key-taken",
      `the sealing key ${sealingKey} is taken: ${keyHolder.name} (${keyHolder.id}) has it, so ${node.name} cannot. A key ` +
        `belongs to one machine: make one on ${node.name}, or remove ${keyHolder.name} first`,
    );
  }
  if (before && before.underlayAddress !== node.underlayAddress) releaseUnderlay(context, draft, before);
  if (before && before.sealingKey !== sealingKey) releaseSealingKey(context, draft, before);
  draft.put(view.names, node.name, node.id);
  draft.put(view.underlays, node.underlayAddress, node.id);
  if (sealingKey) draft.put(view.sealingKeys, sealingKey, node.id);
}

function otherHolder(
  context: MeshContext,
  draft: Draft,
  holderId: string | undefined,
  nodeId: string,
): NodeRecord | null {
  if (holderId === undefined || holderId === nodeId) return null;
  const holder = context.view.nodes.get(holderId);
  if (!holder) return null;
  if (context.liveness.expiredSince(holderId) === null) return holder;
  endNode(context, draft, holder);
  return null;
}
