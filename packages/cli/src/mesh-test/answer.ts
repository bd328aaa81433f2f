import type { Task, TaskResults } from "@warren/common/api/ask.ts";
import { WarrenError } from "@warren/common/errors/warren-error.ts";
import type { MeshAsk } from "./mesh-ask.ts";

/** What a node answered, or why there is no answer: one of the two. */
export type Answer<Result> =
  | { readonly result: Result; readonly error?: never }
  | { readonly result?: never; readonly error: WarrenError };

/** Asks a node. That it cannot answer is a finding of the test, not the end of it; only the signal ends it. */
export async function tryAsk<T extends Task>(
  mesh: MeshAsk,
  node: string,
  task: T,
  signal: AbortSignal,
): Promise<Answer<TaskResults[T["do"]]>> {
  signal.throwIfAborted();
  try {
    return { result: await mesh.ask(node, task, signal) };
  } catch (thrown) {
    signal.throwIfAborted();
    return { error: WarrenError.from(thrown) };
  }
}
