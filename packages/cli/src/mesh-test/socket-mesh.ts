import type { Task, TaskResults } from "@warren/common/api/ask.ts";
import { callLocal } from "@warren/common/api/local-client.ts";
import type { AgentStatus, ControlStatus, NodeInfo } from "@warren/common/api/types.ts";
import { WarrenError } from "@warren/common/errors/warren-error.ts";
import type { Clock } from "@warren/common/runtime/clock.ts";
import { readFromEither } from "../client/local-api.ts";
import type { CommandContext } from "../context.ts";
import type { MeshAsk } from "./mesh-ask.ts";
import { sleep } from "./sleep.ts";

/** What an answer may take beyond what the task itself takes: ways there and back, of a busy mesh. */
const PATIENCE_MS = 20_000;
/** An agent that just started, or whose control plane just did, connects within this. */
const CONNECT_MS = 5000;
const CONNECT_EVERY_MS = 250;

/**
 * The mesh as seen from the socket of the control plane or of an agent in the run directory, that of the control plane
 * first: it knows since when a node is down.
 * @throws `unavailable` when neither answers, or the agent has no connection to its control plane
 */
export async function openSocketMesh(context: CommandContext, clock: Clock, signal: AbortSignal): Promise<MeshAsk> {
  const status = await readFromEither<AgentStatus | ControlStatus>(context, ["control", "agent"], "/v1/status");
  const socket = `${context.runDir}/${status.role}.sock`;
  if (status.role === "agent") await connected(socket, status, clock, signal);
  const read = <T>(path: string) => callLocal<T>(socket, "GET", path, undefined, signal);
  // The control plane lists foreign peers apart.
  const foreign = status.role === "control" ? await read<NodeInfo[]>("/v1/peers") : [];
  return {
    asker: status.role === "agent" ? status.node.name : null,
    cluster: status.cluster,
    nodes: [...(await read<NodeInfo[]>("/v1/nodes")), ...foreign],
    ask: (node, task, ends) => askNode(socket, node, task, ends),
  };
}

async function connected(socket: string, first: AgentStatus, clock: Clock, signal: AbortSignal): Promise<void> {
  const deadlineMs = clock.monotonicMs() + CONNECT_MS;
  for (let status = first; !status.control.connected; ) {
    const { address, error } = status.control;
    if (clock.monotonicMs() >= deadlineMs)
      throw new WarrenError(
        "unavailable",
        `this node is not connected to the control plane at ${address}, through which nodes are asked: ${error ?? "trying"}; \`warren doctor\` tests the way to it`,
      );
    await sleep(CONNECT_EVERY_MS, clock, signal);
    status = await callLocal<AgentStatus>(socket, "GET", "/v1/status", undefined, signal);
  }
}

async function askNode<T extends Task>(
  socket: string,
  node: string,
  task: T,
  signal: AbortSignal,
): Promise<TaskResults[T["do"]]> {
  const timeoutMs = durationOf(task) + PATIENCE_MS;
  try {
    return await callLocal<TaskResults[T["do"]]>(socket, "POST", "/v1/ask", { node, task }, signal, timeoutMs);
  } catch (error) {
    // Says more than that the socket did not answer: who did not.
    if (!(error instanceof WarrenError) || error.code !== "timeout") throw error;
    throw new WarrenError("timeout", `${node} did not answer within ${timeoutMs / 1000} s`, { cause: error });
  }
}

/** How long a task takes by itself. */
function durationOf(task: Task): number {
  if (task.do === "send") return task.timeoutMs;
  return task.do === "capture" ? task.seconds * 1000 : 0;
}
