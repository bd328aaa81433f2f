import { formatAge } from "../output/human.ts";
import { counted } from "./figures.ts";
import { lookAtNode, lookAtSilence } from "./hints.ts";
import type { MeshTest } from "./mesh-test.ts";
import { type Failure, type Finding, finding } from "./result.ts";
import type { SilentNode, Survey } from "./survey.ts";

export const nodes: MeshTest = {
  name: "nodes",
  about: "every node of the mesh is up and answers",
  weight: 1,
  run: async (context) => evaluateNodes(await context.survey(), context.clock.nowMs()),
};

function evaluateNodes({ answered, silent, foreign }: Survey, nowMs: number): Finding {
  const all = answered.length + silent.length;
  const notes = foreign.map(
    ({ name, kind, podCidrs }) => `${name} is not tested: a ${kind} peer without an agent (${podCidrs.join(", ")})`,
  );
  const failures: Failure[] = silent.map((each) => ({
    subject: each.node.name,
    problem: describeSilence(each, nowMs),
    next: hasTimedOut(each) ? lookAtSilence(each.node) : lookAtNode(each.node),
  }));
  if (all === 0)
    failures.push({ subject: "the mesh", problem: "has no node yet", next: "`warren token create`, and join one" });
  const figures = { nodes: all, answered: answered.length, foreign: foreign.length };
  return finding(`${answered.length} of ${counted(all, "node")} answered`, failures, { figures, notes });
}

function hasTimedOut({ node, error }: SilentNode): boolean {
  return node.state === "ready" && error.code === "timeout";
}

function describeSilence({ node, error }: SilentNode, nowMs: number): string {
  if (node.state !== "down") return `does not answer: ${error.message}`;
  // An agent does not know since when; the control plane's answer has it.
  if (node.lastSeen === null) return `is down: ${error.message}`;
  return `is down, last heard of at ${node.lastSeen}, ${formatAge(node.lastSeen, nowMs)} ago`;
}
