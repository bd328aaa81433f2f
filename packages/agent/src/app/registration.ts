import { PROTOCOL_VERSION, type RegisterRequest } from "@warren/common/rpc/messages.ts";
import manifest from "../../package.json" with { type: "json" };
import type { AgentConfig } from "./agent-config.ts";
import type { Lease } from "./forwarder.ts";

/** RFC 7348; what a node says until it knows its cluster's. */
const VXLAN_PORT = 4789;

export interface Registrant {
  readonly config: AgentConfig;
  readonly underlayAddress: string;
  /** What the node holds; null before its first registration. */
  readonly lease: Lease | null;
  readonly podCount: number;
  /** The public half of the key that it seals with. */
  readonly sealingKey: Uint8Array;
  /** This run of the agent. */
  readonly instance: string;
  readonly host: string;
}

/** What a node says of itself when it registers. */
export function registrationOf(registrant: Registrant): RegisterRequest {
  const { config, lease, podCount, underlayAddress, sealingKey, instance, host } = registrant;
  return {
    protocol: PROTOCOL_VERSION,
    node_name: config.name,
    underlay_address: underlayAddress,
    port: lease?.cluster.port ?? VXLAN_PORT,
    version: manifest.version,
    held_pod_cidrs: lease?.self.pod_cidrs ?? [],
    held_epoch: lease?.self.epoch ?? 0,
    // Without pods nobody's address changes but the node's own.
    accept_new_lease: config["accept-new-lease"] || podCount === 0,
    sealing_key: sealingKey,
    sealed_port: 0,
    ...{ instance, host },
  };
}
