import { WarrenError } from "../errors/warren-error.ts";

/** The result of a task, as a node wrote it. @throws `unavailable` for a text that is no JSON */
export function parseTaskResult(json: string, node: string): unknown {
  try {
    return JSON.parse(json);
  } catch (cause) {
    throw new WarrenError("unavailable", `the answer of node ${node} cannot be read; is it of this version?`, {
      cause,
    });
  }
}
