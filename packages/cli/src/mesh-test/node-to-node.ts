import { counted } from "./figures.ts";
import { lookAtPair } from "./hints.ts";
import type { MeshTest } from "./mesh-test.ts";
import { sampleOf } from "./pairs.ts";
import { familyOf, type ProbeEnd, type Probes } from "./probe.ts";
import { describeReach, evaluateReach, lateNotes } from "./reach.ts";
import { type Finding, finding, skipped } from "./result.ts";
import type { NodeView, Survey } from "./survey.ts";

export const nodeToNode: MeshTest = {
  name: "node-to-node",
  about: "every node reaches every other node's address in the overlay",
  weight: 1,
  run: async (context) => {
    const survey = await context.survey();
    if (survey.answered.length < 2) return skipped(fewNodes(survey));
    const probes = await context.nodeProbes();
    return evaluateNodeToNode(probes, ({ from, to }) => lookAtPair(context.mesh.cluster, survey, from.node, to.node));
  },
};

function evaluateNodeToNode(probes: Probes, hint: Parameters<typeof evaluateReach>[1]): Finding {
  const reach = evaluateReach(probes, hint);
  const pairs = `${counted(probes.pairs.length, "pair")}${sampleOf(probes)}`;
  const proven = `${pairs} over ${familiesOf(probes)}: ${describeReach(reach)}`;
  return finding(proven, reach.failures, {
    figures: { pairs: probes.pairs.length, ...reach.figures },
    notes: lateNotes(reach),
  });
}

/** A node as where probes start and end: its own address in the overlay. */
export function nodeEnd({ node, addresses }: NodeView): ProbeEnd {
  return { node: node.name, place: { kind: "node" }, label: node.name, addresses };
}

/** Why there is no pair of nodes. */
export function fewNodes({ answered }: Survey): string {
  return answered.length === 0 ? "no node answered" : `only ${answered[0]!.node.name} answered: a pair takes two`;
}

export function familiesOf({ probes }: Probes): string {
  return [...new Set(probes.map(({ address }) => familyOf(address)))].sort().join(" and ") || "no address family";
}
