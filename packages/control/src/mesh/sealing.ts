import { WarrenError } from "@warren/common/errors/warren-error.ts";
import { checkSealingKey, formatSealingKey } from "@warren/common/identity/sealing-key.ts";
import { isSealed } from "@warren/common/net/cipher.ts";
import type { RegisterRequest } from "@warren/common/rpc/messages.ts";
import { type ClusterRecord, keys, type NodeRecord } from "../registry/keys.ts";
import type { Draft } from "../registry/transactor.ts";
import type { MeshContext } from "./context.ts";
import { checkPort } from "./node-checks.ts";

/** What a node says of how it seals; a key of null is none. */
export interface Sealing {
  readonly key: string | null;
  /** Null for the cluster's. */
  readonly port: number | null;
}

/** @throws `key-invalid`; `usage` for a port that is none, or the one of VXLAN */
export function checkSealing(request: RegisterRequest): Sealing {
  const { sealing_key: key, sealed_port: port } = request;
  if (key.length > 0) checkSealingKey(key);
  if (port !== 0 && checkPort(port) === request.port)
    throw new WarrenError("usage", `the ports of VXLAN and of sealed traffic are both ${port}; expected two`);
  return { key: key.length > 0 ? formatSealingKey(key) : null, port: port === 0 ? null : port };
}

/** The cluster's record, which the transaction then stands or falls with: its cipher decides who is let in. */
export function draftCluster({ view }: MeshContext, draft: Draft): ClusterRecord {
  return draft.read(view.singles, keys.cluster) as ClusterRecord;
}

/**
 * The node with what it says of sealing; its key epoch grows with every other key.
 * @throws `version-mismatch` for one that cannot seal, in a cluster that does: it could talk to nobody
 */
export function withSealing(cluster: ClusterRecord, node: NodeRecord, { key, port }: Sealing): NodeRecord {
  const { sealingKey, sealedPort: _, keyEpoch: before = 0, ...rest } = node;
  if (key === null) {
    if (!isSealed(cluster.cipher)) return { ...rest, ...(before > 0 && { keyEpoch: before }) };
    throw new WarrenError(
      "version-mismatch",
      `this agent cannot seal: it gave no sealing key, and the cluster seals with ${cluster.cipher}. Run the version of ` +
        `the control plane on ${node.name}`,
    );
  }
  const keyEpoch = before + (sealingKey === key ? 0 : 1);
  return { ...rest, sealingKey: key, ...(port !== null && { sealedPort: port }), keyEpoch };
}
