import { counted } from "./figures.ts";
import { lookAtPair, lookAtPods } from "./hints.ts";
import type { MeshTest } from "./mesh-test.ts";
import { familiesOf } from "./node-to-node.ts";
import { sampleOf } from "./pairs.ts";
import type { PodProbes } from "./pod-probes.ts";
import type { Probe, Probes } from "./probe.ts";
import { describeReach, evaluateReach, lateNotes } from "./reach.ts";
import { type Failure, type Finding, finding, skipped } from "./result.ts";

export const podToPod: MeshTest = {
  name: "pod-to-pod",
  about: "every pod reaches every other pod, on its own node and on others",
  weight: 1,
  run: async (context) => {
    const survey = await context.survey();
    if (survey.answered.length === 0) return skipped("no node answered");
    const probes = await context.podProbes();
    // Whether the way between the nodes, or between node and pod is to be looked at.
    const apart = hasFailed(probes) ? brokenPairs(await context.nodeProbes()) : new Set<string>();
    return evaluatePodToPod(probes, ({ from, to }) =>
      apart.has(pairKey(from.node, to.node))
        ? `the nodes do not reach each other either: ${lookAtPair(context.mesh.cluster, survey, from.node, to.node)}`
        : lookAtPods(from.node, to.node),
    );
  },
};

function evaluatePodToPod(probes: PodProbes, hint: (probe: Probe) => string): Finding {
  const reach = evaluateReach(probes, hint);
  const failures = [...probes.withoutPod.map(podFailure), ...reach.failures];
  const notes = [...extentNotes(probes), ...lateNotes(reach)];
  if (probes.pairs.length === 0 && failures.length === 0)
    return skipped("there is one pod only: a pair takes two", notes);
  const local = probes.pairs.filter(([from, to]) => from.node === to.node).length;
  const pairs = `${counted(probes.pairs.length, "pair")}${sampleOf(probes)}, ${local} on one node, over ${familiesOf(probes)}`;
  const figures = {
    pods: probes.ends.length,
    podsInMesh: probes.podsInMesh,
    pairs: probes.pairs.length,
    ...reach.figures,
  };
  return finding(`${pairs}: ${describeReach(reach)}`, failures, { figures, notes });
}

function extentNotes({ ends, podsInMesh, lent }: PodProbes): string[] {
  const own = ends.length - lent.length;
  return [
    ...(own < podsInMesh
      ? [`${own} of ${counted(podsInMesh, "pod")} were tested, some of each node: --pods takes more`]
      : []),
    ...(lent.length > 0 ? [`${lent.join(", ")} had no pod: each got one for the test, and it was taken away`] : []),
  ];
}

function podFailure({ node, error }: PodProbes["withoutPod"][number]): Failure {
  return {
    subject: node,
    problem: `has no pod, and could not make one for the test: ${error.message}`,
    next: `\`warren pod add try\` on ${node} says the same at greater length; \`warren ipam\` there shows free addresses`,
  };
}

function hasFailed({ probes }: Probes): boolean {
  return probes.some(({ answer }) => answer.outcome !== "answered");
}

function brokenPairs({ probes }: Probes): Set<string> {
  const broken = probes.filter(({ answer }) => answer.outcome !== "answered");
  return new Set(broken.map(({ from, to }) => pairKey(from.node, to.node)));
}

/** One key for both directions. */
function pairKey(one: string, other: string): string {
  return [one, other].sort().join(" ");
}
