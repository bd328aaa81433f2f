import { WarrenError } from "@warren/common/errors/warren-error.ts";
import { randomId } from "@warren/common/identity/id.ts";
import { checkName } from "@warren/common/net/name.ts";
import type { EnrollRequest, EnrollResponse } from "@warren/common/rpc/messages.ts";
import type { NodeRecord } from "../registry/keys.ts";
import type { Draft } from "../registry/transactor.ts";
import { claimNode } from "./claims.ts";
import type { MeshContext } from "./context.ts";
import { checkProtocol, checkUnderlay } from "./node-checks.ts";
import { forgetPairs } from "./pair-ciphers.ts";
import { vtepMac } from "./vtep-mac.ts";

/** A node that asks to be let in. */
export interface Applicant {
  readonly nodeName: string;
  readonly underlayAddress: string;
}

/**
 * Lets a node in that shows a token: checks its request, uses the token up and writes the node down in one transaction,
 * then gives it a certificate. A node that asks again with the same token and key, because the answer was lost, gets
 * the same identity.
 * @throws the token's codes, `node-name-taken`, `underlay-taken`, `unauthenticated`, `name-invalid`, `address-invalid`
 */
export async function enroll(context: MeshContext, request: EnrollRequest): Promise<EnrollResponse> {
  const { view, transactor, tokens, ca, logger } = context;
  checkProtocol(request.protocol);
  // Before a signature is verified for anybody who can open a connection.
  tokens.find(request.token_id, request.token_secret);
  const csr = await ca.readRequest(request.csr_der);
  const node = await transactor.run((draft) => {
    let admitted: NodeRecord | undefined;
    const known = tokens.redeem(draft, request.token_id, request.token_secret, csr.keyHash, () => {
      const applicant = { nodeName: request.node_name, underlayAddress: request.underlay_address };
      admitted = admit(context, draft, applicant, csr.keyHash);
      return admitted.id;
    });
    return admitted ?? knownNode(context, draft, known!, request.node_name);
  });
  const identity = { clusterId: view.cluster.id, nodeId: node.id };
  const certificate = await ca.issueNode(identity, node.name, csr);
  logger.info(
    { node: node.name, nodeId: node.id, underlay: node.underlayAddress, tokenId: request.token_id },
    "node enrolled",
  );
  return { cluster_id: identity.clusterId, node_id: identity.nodeId, certificate_der: certificate, ca_der: ca.der };
}

/**
 * Writes a new node down in the transaction; it is in no netmap before it registers. A node that joins again with a new
 * token and the key it has, because its certificate ran out, stays who it is.
 * @param keyHash empty for a node without a key
 */
export function admit(context: MeshContext, draft: Draft, applicant: Applicant, keyHash: string): NodeRecord {
  const { view, clock, liveness } = context;
  const name = checkName(applicant.nodeName, "node");
  const holder = view.nodes.get(draft.read(view.names, name) ?? "");
  if (holder && keyHash !== "" && holder.keyHash === keyHash) {
    draft.read(view.nodes, holder.id);
    return holder;
  }
  const id = randomId(12);
  const node: NodeRecord = {
    id,
    name,
    underlayAddress: checkUnderlay(context, applicant.underlayAddress),
    port: view.cluster.port,
    vtepMac: vtepMac(id),
    foreign: false,
    podCidrs: [],
    version: "",
    enrolledMs: clock.nowMs(),
    keyHash,
    joined: false,
  };
  claimNode(context, draft, node);
  forgetNamesake(context, draft, node.name);
  draft.read(view.nodes, id);
  draft.put(view.nodes, id, node);
  // One that never registers gives up name and address after the retention time like any other that is silent.
  liveness.markGone(draft, id);
  return node;
}

/** A node that gave its name up when it left is forgotten when another one takes it. */
function forgetNamesake(context: MeshContext, draft: Draft, name: string): void {
  const { view, clock } = context;
  for (const old of view.nodes.values()) {
    if (old.name !== name || old.foreign || view.names.get(name) === old.id) continue;
    draft.delete(view.nodes, old.id);
    draft.delete(view.heard, old.id);
    forgetPairs(context, draft, old.id);
    draft.put(view.revoked, old.id, { id: old.id, name, revokedMs: clock.nowMs() });
  }
}

function knownNode({ view }: MeshContext, draft: Draft, nodeId: string, name: string): NodeRecord {
  const node = draft.read(view.nodes, nodeId);
  if (!node)
    throw new WarrenError("node-revoked", `node ${name} (${nodeId}) joined with this token and was removed since`);
  if (node.name !== name) {
    throw new WarrenError("token-used", `this key joined as node ${node.name}; it cannot join again as ${name}`);
  }
  return node;
}
