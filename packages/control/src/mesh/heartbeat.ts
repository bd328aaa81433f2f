import { WarrenError } from "@warren/common/errors/warren-error.ts";
import type { HeartbeatRequest, HeartbeatResponse } from "@warren/common/rpc/messages.ts";
import { requireMember } from "./access.ts";
import type { MeshContext } from "./context.ts";

/**
 * A sign of life. Writes to the store only when the node was down.
 * @throws `identity-in-use`; `lease-lost` when the node's epoch is over: its pod CIDRs are another's, or may be soon
 */
export async function heartbeat(
  context: MeshContext,
  nodeId: string,
  request: HeartbeatRequest,
): Promise<HeartbeatResponse> {
  const { view, liveness, instances, transactor, netmap, live, clock, logger } = context;
  const node = requireMember(view, nodeId);
  instances.require(node, request.instance);
  const leases = view.leasesOf(nodeId);
  if (leases.length === 0 || leases.some((lease) => lease.epoch !== request.epoch)) {
    const now = leases.length === 0 ? "it has none now" : `it has epoch ${leases[0]!.epoch} now`;
    throw new WarrenError(
      "lease-lost",
      `the lease of node ${node.name} with epoch ${request.epoch} is over: ${now}; it registers to learn more`,
    );
  }
  liveness.heard(nodeId);
  instances.heard(nodeId);
  if (view.heard.get(nodeId)?.state !== "ready") {
    await transactor.run((draft) => {
      requireMember(view, nodeId);
      draft.read(view.nodes, nodeId);
      liveness.markReady(draft, nodeId);
    });
    logger.info({ node: node.name, nodeId }, "node is back");
  }
  return {
    revision: netmap.revision,
    control_time_ms: clock.nowMs(),
    report_interval_ms: live.intervalMs(),
    clone: instances.cloneOf(nodeId),
  };
}
