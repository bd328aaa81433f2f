import type { WarrenError } from "@warren/common/errors/warren-error.ts";
import type { TestContext } from "./mesh-test.ts";
import { orderedPairs, spreadOver } from "./pairs.ts";
import { type ProbeEnd, type Probes, probePairs } from "./probe.ts";
import type { NodeView } from "./survey.ts";
import { withTestPods } from "./test-pods.ts";

/** For how long a test pod lives when nobody takes it away: then its own node does. */
const POD_SECONDS = 120;

export interface PodProbes extends Probes {
  readonly ends: readonly ProbeEnd[];
  /** Pods that are in the mesh; more than `ends` where a sample was tested. Without test pods. */
  readonly podsInMesh: number;
  /** Nodes without a pod, which got one for the test. */
  readonly lent: readonly string[];
  /** Nodes without a pod that could not get one. */
  readonly withoutPod: readonly { readonly node: string; readonly error: WarrenError }[];
}

/** Probes between pods: some of each node, and a pod for the test on every node that has none. */
export async function probePods(context: TestContext, nodes: readonly NodeView[]): Promise<PodProbes> {
  const empty = nodes.filter(({ pods }) => pods.length === 0).map(({ node }) => node.name);
  const own = nodes.flatMap(({ node, pods }) =>
    spreadOver(pods, context.extent.podsPerNode).map((pod) => podEnd(node.name, pod)),
  );
  return withTestPods(context, empty, POD_SECONDS, async (made) => {
    const ends = [...own, ...made.flatMap(({ node, pod }) => (pod ? [podEnd(node, pod)] : []))];
    const { mesh, clock, signal, extent } = context;
    const onProgress = (share: number) => context.progress(share, `probes between ${ends.length} pods`);
    const probes = await probePairs(orderedPairs(ends, extent.pairs), { mesh, clock, signal, onProgress });
    return {
      ...probes,
      ends,
      podsInMesh: nodes.reduce((sum, { pods }) => sum + pods.length, 0),
      lent: made.filter(({ pod }) => pod).map(({ node }) => node),
      withoutPod: made.flatMap(({ node, error }) => (error ? [{ node, error }] : [])),
    };
  });
}

/** A pod as where probes start and end. */
export function podEnd(
  node: string,
  {
    namespace,
    name,
    addresses,
  }: { readonly namespace: string; readonly name: string; readonly addresses: readonly string[] },
): ProbeEnd {
  return { node, place: { kind: "pod", namespace, name }, label: `${namespace}/${name} on ${node}`, addresses };
}
