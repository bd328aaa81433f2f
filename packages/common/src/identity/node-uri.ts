import { checkId } from "./id.ts";

/** Name in the certificate of every control plane; clients ask for it whatever address they dial. */
export const CONTROL_SERVER_NAME = "warren-control";

export interface NodeIdentity {
  readonly clusterId: string;
  readonly nodeId: string;
}

/** The URI that stands for a node in its certificate: `warren://<clusterId>/node/<nodeId>`. */
export function nodeUri(identity: NodeIdentity): string {
  return `warren://${checkId(identity.clusterId, "cluster id")}/node/${checkId(identity.nodeId, "node id")}`;
}

/** The other way; null when `text` is anything but exactly such a URI. */
export function parseNodeUri(text: string): NodeIdentity | null {
  const match = /^warren:\/\/([a-z0-9]{4,32})\/node\/([a-z0-9]{4,32})$/.exec(text);
  return match ? { clusterId: match[1]!, nodeId: match[2]! } : null;
}
