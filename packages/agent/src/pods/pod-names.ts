import { createHash } from "node:crypto";

/** Host ends of pods begin with this: what the nftables guard and the Docker rules match. */
export const HOST_INTERFACE_PREFIX = "wrn";

/** Names and Ethernet addresses of a pod's parts: all follow from whose pod it is, so a restart finds them again. */
export interface PodParts {
  /** Name of the network namespace, unique on the machine. */
  readonly netns: string;
  /** Host end of the veth pair: 14 bytes, one less than Linux allows. */
  readonly hostInterface: string;
  readonly hostMac: string;
  readonly podMac: string;
}

const MAX_NETNS = 60;
/** 48 bits: of a long node name the hash is all that is left of the pod's, and two pods of one name would be one. */
const NETNS_HASH = 12;

/** Several nodes may share one machine (each in its own network namespace), so the node's name is part of the names. */
export function podParts(node: string, namespace: string, pod: string): PodParts {
  const hash = createHash("sha256").update(`${node}/${namespace}/${pod}`).digest();
  const hex = hash.toString("hex");
  const plain = `wrn-${node}-${namespace}-${pod}`;
  // "a-b" + "c" and "a" + "b-c" read the same once joined: the hash tells them apart.
  const ambiguous = namespace.includes("-") || pod.includes("-");
  const fits = plain.length <= MAX_NETNS;
  const netns =
    fits && !ambiguous ? plain : `${plain.slice(0, MAX_NETNS - NETNS_HASH - 1)}-${hex.slice(0, NETNS_HASH)}`;
  return {
    netns,
    hostInterface: HOST_INTERFACE_PREFIX + hex.slice(0, 11),
    hostMac: mac(hash, 8),
    podMac: mac(hash, 16),
  };
}

/** Locally administered, unicast: first octet 02. */
function mac(hash: Uint8Array, offset: number): string {
  return ["02", ...Array.from(hash.subarray(offset, offset + 5), (byte) => byte.toString(16).padStart(2, "0"))].join(
    ":",
  );
}
