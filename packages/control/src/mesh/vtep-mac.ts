import { createHash } from "node:crypto";
import { formatMac } from "@warren/common/net/mac.ts";

/**
 * The Ethernet address of a node's VTEP: locally administered, unicast, and the same for the whole life of the node, so
 * that peers with static tables stay right.
 */
export function vtepMac(nodeId: string): string {
  const bytes = createHash("sha256").update(`warren vtep ${nodeId}`).digest().subarray(0, 6);
  bytes[0] = 0x02;
  return formatMac(bytes);
}
