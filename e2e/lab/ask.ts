import { join } from "node:path";
import type { AskRequest, Task, TaskResults } from "@warren/common/api/ask.ts";
import { callLocal } from "@warren/common/api/local-client.ts";
import type { WarrenProcess } from "./warren-process.ts";

/** Has a node do a part of a self-test, as `warren test` does: by the local API of an agent, or of the control plane. */
export function ask<Name extends Task["do"]>(
  asker: WarrenProcess,
  node: string,
  task: Extract<Task, { readonly do: Name }>,
): Promise<TaskResults[Name]> {
  const request: AskRequest = { node, task };
  return callLocal(join(asker.runDir, `${asker.role}.sock`), "POST", "/v1/ask", request);
}
