import type { ProbePlace } from "@warren/common/api/ask.ts";
import type { PodInfo } from "@warren/common/api/types.ts";
import { WarrenError } from "@warren/common/errors/warren-error.ts";

/** A place of this node, found. */
export interface FoundPlace {
  /** Null for the node's own namespace. */
  readonly netns: string | null;
  /** At least one. */
  readonly addresses: readonly string[];
}

/** @throws `not-found` for a pod that is not here */
export type PlaceFinder = (place: ProbePlace) => FoundPlace;

/** Finds places among what a node has now. */
export function placeFinder(nodeAddresses: readonly string[], pods: readonly PodInfo[]): PlaceFinder {
  return (place) => {
    if (place.kind === "node") return { netns: null, addresses: nodeAddresses };
    const { namespace, name } = place;
    const pod = pods.find((candidate) => candidate.namespace === namespace && candidate.name === name);
    if (!pod) throw new WarrenError("not-found", `there is no pod ${namespace}/${name} on this node (any more)`);
    return { netns: pod.netns, addresses: pod.addresses };
  };
}
