import type { DescribeResult } from "@warren/common/api/ask.ts";
import type { NodeInfo } from "@warren/common/api/types.ts";
import type { WarrenError } from "@warren/common/errors/warren-error.ts";
import type { Clock } from "@warren/common/runtime/clock.ts";
import { tryAsk } from "./answer.ts";
import { atMostAtOnce } from "./at-most-at-once.ts";
import { ASKED_AT_ONCE } from "./limits.ts";
import type { MeshAsk } from "./mesh-ask.ts";

/** A node that answered, and what it told of itself. */
export interface NodeView extends DescribeResult {
  readonly node: NodeInfo;
  /** How far its clock is ahead of this host's; exact to half of `askedMs`. */
  readonly clockAheadMs: number;
  readonly askedMs: number;
}

export interface SilentNode {
  readonly node: NodeInfo;
  readonly error: WarrenError;
}

/** Who is there. All other tests are of those that answered. */
export interface Survey {
  readonly answered: readonly NodeView[];
  readonly silent: readonly SilentNode[];
  readonly foreign: readonly NodeInfo[];
}

/** Asks every node to describe itself; those known to be down too, because what is known may be old. */
export async function takeSurvey(
  mesh: MeshAsk,
  clock: Clock,
  signal: AbortSignal,
  onAnswer: (count: number, of: number) => void = () => {},
): Promise<Survey> {
  const nodes = mesh.nodes.filter((node) => !node.foreign);
  let count = 0;
  const answers = await atMostAtOnce(ASKED_AT_ONCE, nodes, async (node) => {
    const view = await describeNode(mesh, node, clock, signal);
    onAnswer(++count, nodes.length);
    return view;
  });
  return {
    answered: answers.filter((answer) => "status" in answer),
    silent: answers.filter((answer) => "error" in answer),
    foreign: mesh.nodes.filter((node) => node.foreign),
  };
}

async function describeNode(
  mesh: MeshAsk,
  node: NodeInfo,
  clock: Clock,
  signal: AbortSignal,
): Promise<NodeView | SilentNode> {
  const startMs = clock.monotonicMs();
  const { result, error } = await tryAsk(mesh, node.name, { do: "describe" }, signal);
  if (error) return { node, error };
  const askedMs = clock.monotonicMs() - startMs;
  // Told half-way between question and answer, as far as anybody can know.
  return { ...result, node, askedMs, clockAheadMs: result.nowMs - (clock.nowMs() - askedMs / 2) };
}

/** A node that answered, by its name. */
export function viewOf({ answered }: Survey, name: string): NodeView {
  const view = answered.find(({ node }) => node.name === name);
  if (view) return view;
  throw new Error(`${name} is not among the nodes that answered`);
}
