import { callLocal } from "@warren/common/api/local-client.ts";
import type { AgentIpam, AgentStatus, StageCosts } from "@warren/common/api/types.ts";
import { WarrenError } from "@warren/common/errors/warren-error.ts";
import type { Description } from "./protocol.ts";

/** What an answer may take beyond the time that is measured. */
const PATIENCE_MS = 10_000;

/** What the laboratory asks of the agent of its node; tests have their own. */
export interface AgentView {
  describe(): Promise<Description>;
  /** The node's own addresses in the overlay. */
  addresses(): Promise<string[]>;
  /** Null where no worker forwards: the kernel carries the packets and times no stages. */
  stages(seconds: number, signal?: AbortSignal): Promise<StageCosts | null>;
}

/** The agent that listens on a socket. */
export function localAgent(socket: string): AgentView {
  return {
    async describe() {
      const { node, version, cluster, dataplane } = await callLocal<AgentStatus>(socket, "GET", "/v1/status");
      return { node: node.name, version, cipher: cluster.cipher, overlayMtu: dataplane.overlayMtu };
    },
    async addresses() {
      const { leases } = await callLocal<AgentIpam>(socket, "GET", "/v1/ipam");
      return leases.map(({ nodeAddress }) => nodeAddress);
    },
    async stages(seconds, signal) {
      try {
        const timeoutMs = seconds * 1000 + PATIENCE_MS;
        return await callLocal<StageCosts>(socket, "POST", "/v1/stages", { seconds }, signal, timeoutMs);
      } catch (error) {
        if (error instanceof WarrenError && error.code === "not-found") return null;
        throw error;
      }
    },
  };
}
