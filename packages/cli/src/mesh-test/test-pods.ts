import type { TestPod } from "@warren/common/api/ask.ts";
import type { WarrenError } from "@warren/common/errors/warren-error.ts";
import { tryAsk } from "./answer.ts";
import { atMostAtOnce } from "./at-most-at-once.ts";
import { ASKED_AT_ONCE } from "./limits.ts";
import type { MeshAsk } from "./mesh-ask.ts";

/** For taking pods away at the end, also of a test that was interrupted. What is left then, its node takes away itself. */
const CLEANUP_MS = 5000;

export type MadePod =
  | { readonly node: string; readonly pod: TestPod; readonly error?: never }
  | { readonly node: string; readonly pod?: never; readonly error: WarrenError };

interface Making {
  readonly mesh: MeshAsk;
  readonly signal: AbortSignal;
}

/** Makes a pod on each of the nodes for as long as `work` takes. */
export async function withTestPods<Result>(
  { mesh, signal }: Making,
  nodes: readonly string[],
  seconds: number,
  work: (made: readonly MadePod[]) => Promise<Result>,
): Promise<Result> {
  const made: MadePod[] = [];
  try {
    await atMostAtOnce(ASKED_AT_ONCE, nodes, async (node) => {
      const { result: pod, error } = await tryAsk(mesh, node, { do: "add-pod", seconds }, signal);
      made.push(error ? { node, error } : { node, pod });
    });
    return await work(made);
  } finally {
    // Not the test's own signal: it may be what ended the test.
    const patience = AbortSignal.timeout(CLEANUP_MS);
    const pods = made.filter(({ pod }) => pod !== undefined);
    await atMostAtOnce(ASKED_AT_ONCE, pods, ({ node, pod }) => takeAway(mesh, node, pod!, patience));
  }
}

async function takeAway(mesh: MeshAsk, node: string, { namespace, name }: TestPod, signal: AbortSignal): Promise<void> {
  try {
    await mesh.ask(node, { do: "delete-pod", namespace, name }, signal);
  } catch {
    // Its node takes it away when its time is over.
  }
}
