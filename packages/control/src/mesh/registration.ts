import { WarrenError } from "@warren/common/errors/warren-error.ts";
import { formatPrefix, parsePrefix } from "@warren/common/net/prefix.ts";
import type { RegisterRequest, RegisterResponse } from "@warren/common/rpc/messages.ts";
import { decideLease, type LeaseDecision } from "../ipam/allocator.ts";
import { clusterMessage, sealingFields } from "../netmap/node-message.ts";
import type { ClusterRecord, NodeRecord } from "../registry/keys.ts";
import { requireNode } from "./access.ts";
import { claimNode } from "./claims.ts";
import type { MeshContext } from "./context.ts";
import { claimIpam, ipamState, putLeases } from "./ipam-state.ts";
import { checkPort, checkProtocol, checkUnderlay, cleanVersion } from "./node-checks.ts";
import { checkSealing, draftCluster, withSealing } from "./sealing.ts";

/** A node has one CIDR per family; more is a mistake or an attack. */
const MAX_HELD = 8;

/**
 * Takes or renews a node's lease. Idempotent; may change the node's underlay address, ports and sealing key, nothing else.
 * @throws `forbidden` for another name than the enrolled one; `identity-in-use`; `underlay-taken`; `key-invalid`, `sealing-key-taken`;
 *   `version-mismatch` for a node that cannot seal where all others do; `lease-lost`; `pool-exhausted`
 */
export async function register(
  context: MeshContext,
  nodeId: string,
  request: RegisterRequest,
): Promise<RegisterResponse> {
  const { view, transactor, liveness, instances, timing } = context;
  checkProtocol(request.protocol);
  const underlayAddress = checkUnderlay(context, request.underlay_address);
  const port = checkPort(request.port);
  const sealing = checkSealing(request);
  const held = canonicalHeld(request.held_pod_cidrs);
  const { node, lease } = await transactor.run((draft) => {
    const before = requireNode(view, nodeId);
    draft.read(view.nodes, nodeId);
    if (before.name !== request.node_name) {
      throw new WarrenError(
        "forbidden",
        `node ${before.name} (${nodeId}) cannot register as ${request.node_name}: its certificate is for its own name`,
      );
    }
    instances.claim(before, { id: request.instance ?? "", host: request.host ?? "", underlayAddress });
    const told = { underlayAddress, port, version: cleanVersion(request.version), joined: true };
    const node = withSealing(draftCluster(context, draft), { ...before, ...told }, sealing);
    claimNode(context, draft, node, before);
    const lease = decideLease(ipamState(context), {
      nodeId,
      node: node.name,
      held,
      acceptNewLease: request.accept_new_lease,
    });
    if (lease.changes.length > 0) claimIpam(context, draft);
    putLeases(context, draft, lease.changes);
    draft.put(view.nodes, nodeId, node);
    liveness.markReady(draft, nodeId);
    return { node, lease };
  });
  liveness.heard(nodeId);
  logLease(context, node, lease);
  return {
    cluster: clusterMessage(view),
    self: selfMessage(view.cluster, node, lease),
    heartbeat_interval_ms: timing.heartbeatMs,
  };
}

function canonicalHeld(held: readonly string[]): string[] {
  if (held.length > MAX_HELD)
    throw new WarrenError("usage", `a node holds at most ${MAX_HELD} pod CIDRs, not ${held.length}`);
  return held.map((cidr) => formatPrefix(parsePrefix(cidr)));
}

function selfMessage(cluster: ClusterRecord, node: NodeRecord, lease: LeaseDecision): RegisterResponse["self"] {
  return {
    id: node.id,
    name: node.name,
    underlay_address: node.underlayAddress,
    port: node.port,
    vtep_mac: node.vtepMac,
    pod_cidrs: lease.podCidrs,
    epoch: lease.epoch,
    state: "NODE_STATE_READY",
    foreign: false,
    ...sealingFields(cluster, node),
  };
}

function logLease({ logger }: MeshContext, node: NodeRecord, lease: LeaseDecision): void {
  const fields = { node: node.name, nodeId: node.id, podCidrs: lease.podCidrs, epoch: lease.epoch };
  if (lease.changes.length > 0) logger.info(fields, "lease granted");
  else logger.info(fields, "node registered");
  for (const change of lease.changes) {
    if (change.nodeId === null)
      logger.warn({ cidr: change.cidr, node: change.lastNode }, "lease of a node that is gone ended");
  }
}
