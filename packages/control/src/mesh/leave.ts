import { formatAddress, parseAddress } from "@warren/common/net/address.ts";
import type { LeaveRequest } from "@warren/common/rpc/messages.ts";
import { requireNode } from "./access.ts";
import type { MeshContext } from "./context.ts";
import { releaseClaims, releaseLease } from "./removal.ts";

/**
 * Takes a node out of every netmap. Without release its lease and its name are kept for the retention time, and it comes
 * back by registering; with release both are free at once, and it comes back only if nobody took its name meanwhile.
 * @throws `address-invalid`; `identity-in-use` when another run of its agent has the node, unless that has ended at the place of the caller
 */
export async function leave(context: MeshContext, nodeId: string, request: LeaveRequest): Promise<void> {
  const { view, transactor, liveness, instances, logger } = context;
  const node = await transactor.run((draft) => {
    const found = requireNode(view, nodeId);
    const { instance: id = "", host = "", underlay_address: address = "" } = request;
    if (address === "") instances.require(found, id);
    else instances.claim(found, { id, host, underlayAddress: formatAddress(parseAddress(address)) });
    draft.read(view.nodes, nodeId);
    draft.put(view.nodes, nodeId, { ...found, joined: false });
    liveness.markGone(draft, nodeId);
    if (request.release) {
      releaseLease(context, draft, nodeId);
      releaseClaims(context, draft, found);
    }
    return found;
  });
  instances.forget(nodeId);
  logger.info({ node: node.name, nodeId, release: request.release }, "node left");
}
