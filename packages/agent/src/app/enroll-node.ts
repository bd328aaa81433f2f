import { existsSync } from "node:fs";
import { WarrenError } from "@warren/common/errors/warren-error.ts";
import { publicKeyHash, readCertificate } from "@warren/common/identity/certificate.ts";
import { parseToken } from "@warren/common/identity/join-token.ts";
import { makeDirectory } from "@warren/common/runtime/make-directory.ts";
import { IdentityStore, type NodeIdentity, toNodeIdentity } from "../control-client/identity-store.ts";
import { joinMesh } from "../control-client/join-mesh.ts";
import type { AgentConfig } from "./agent-config.ts";
import type { AgentDeps } from "./agent-deps.ts";
import { agentWorld } from "./agent-world.ts";
import { keepUp } from "./keep-up.ts";
import { findUnderlay } from "./underlay-follower.ts";

/** Who a host became, or has been already. */
export type Enrolled = Pick<NodeIdentity, "nodeId" | "clusterId">;

/** The cluster that the data directory belongs to. */
interface JoinedCluster extends Enrolled {
  /** Hex SHA-256 of its CA's public key, as tokens have it. */
  readonly caHash: string;
}

/** Null where nobody has joined yet. Throws `state-corrupt`, `key-exposed`. */
function joinedCluster(dataDir: string): JoinedCluster | null {
  const identity = toNodeIdentity(new IdentityStore(dataDir).read());
  if (!identity) return null;
  const ca = readCertificate(identity.credentials.ca, "the cluster's CA");
  return { nodeId: identity.nodeId, clusterId: identity.clusterId, caHash: publicKeyHash(ca) };
}

/**
 * Throws what `enrollNode` would refuse a host with that is a node already, or about to be one: `already-exists`, which
 * says of which cluster, and `already-running` while an agent holds the data directory. Changes nothing.
 */
export async function checkNotJoined(config: AgentConfig, token: string, deps: AgentDeps = {}): Promise<void> {
  const { caHash } = parseToken(token);
  const dataDir = config["data-dir"];
  if (!existsSync(dataDir)) return;
  const joined = joinedCluster(dataDir);
  if (joined) throw alreadyJoined(joined, caHash);
  const { lock } = await agentWorld(config, deps);
  lock(dataDir)();
}

/**
 * Makes this host a node of the token's cluster, without running its agent: the agent that is started later needs no
 * token. Throws what `enroll` throws, `already-running` while an agent holds the data directory, and `already-exists`
 * when the host is a node already, of this cluster or, which is named, of another.
 */
export function enrollNode(config: AgentConfig, token: string, deps: AgentDeps = {}): Promise<Enrolled> {
  return keepUp(async () => {
    const asked = parseToken(token);
    const { connector, hostNetwork: host, lock, clock, random, logger } = await agentWorld(config, deps);
    const { "data-dir": dataDir, control, name, underlay: configured } = config;
    const { address: underlay } = await findUnderlay({ host, configured, control }, null);
    makeDirectory(dataDir, 0o700);
    const unlock = lock(dataDir);
    try {
      const joined = joinedCluster(dataDir);
      if (joined) throw alreadyJoined(joined, asked.caHash);
      return await joinMesh({
        ...{ store: new IdentityStore(dataDir), connector, control, name, underlay, token: () => token },
        ...{ clock, random, logger, signal: new AbortController().signal },
      });
    } finally {
      unlock();
    }
  });
}

function alreadyJoined({ nodeId, clusterId, caHash }: JoinedCluster, askedCaHash: string): WarrenError {
  const which =
    caHash === askedCaHash
      ? `the token's cluster ${clusterId}`
      : `another cluster, ${clusterId} with CA sha256:${caHash.slice(0, 12)}…; the token is of CA sha256:${askedCaHash.slice(0, 12)}…`;
  return new WarrenError(
    "already-exists",
    `this host has joined already: it is node ${nodeId} of ${which}; to join anew, first run "warren leave"`,
  );
}
