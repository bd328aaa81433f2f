import { MAX_RESULT_BYTES } from "@warren/common/api/ask.ts";
import { WarrenError } from "@warren/common/errors/warren-error.ts";
import type { MeshClient } from "@warren/common/rpc/channel.ts";
import type { AnswerTaskRequest, TaskMessage } from "@warren/common/rpc/messages.ts";
import type { Clock } from "@warren/common/runtime/clock.ts";
import type { Logger } from "pino";
import { backoffMs, retryWhileUnavailable, sleep } from "./retry.ts";

export interface TaskWatchOptions {
  /** Asked anew for every try: a new certificate brings a new one. */
  readonly client: () => MeshClient;
  readonly clock: Clock;
  readonly random: () => number;
  readonly logger: Logger;
  /** Does a task; what it throws is told to whoever asked. */
  readonly do: (task: unknown, from: string) => Promise<unknown>;
}

/** A watch that lasted as long was a good one. */
const GOOD_MS = 10_000;
/** How long until the next try when the control plane said no, or is of a version from before there were tasks. */
const REFUSED_RETRY_MS = 15_000;

/** Takes what others ask of this node, and answers it, until the signal aborts; beside the session, as long-lived as it. */
export async function watchTasks(options: TaskWatchOptions, signal: AbortSignal): Promise<void> {
  const { clock, random, logger } = options;
  for (let attempt = 0; !signal.aborted; attempt++) {
    const startedMs = clock.monotonicMs();
    let isSilence = true;
    try {
      for await (const task of options.client().watchTasks(signal)) void serve(options, task, signal);
    } catch (thrown) {
      const error = WarrenError.from(thrown);
      isSilence = error.retryable;
      if (attempt === 0) logger.debug({ err: error }, "tasks of self-tests are not heard of, trying again");
    }
    if (signal.aborted) return;
    if (clock.monotonicMs() - startedMs >= GOOD_MS) attempt = 0;
    const waitMs = isSilence ? backoffMs(attempt, random()) : REFUSED_RETRY_MS * (0.5 + random());
    await sleep(clock, waitMs, signal);
  }
}

async function serve(options: TaskWatchOptions, task: TaskMessage, signal: AbortSignal): Promise<void> {
  const { client, logger } = options;
  const answer = await outcomeOf(options, task);
  try {
    await retryWhileUnavailable({ ...options, signal }, () => client().answerTask(answer, signal));
  } catch (error) {
    logger.debug({ from: task.from, err: WarrenError.from(error) }, "a task was done, and nobody took the answer");
  }
}

async function outcomeOf(options: TaskWatchOptions, task: TaskMessage): Promise<AnswerTaskRequest> {
  try {
    const result_json = JSON.stringify(await options.do(JSON.parse(task.task_json), task.from));
    if (Buffer.byteLength(result_json) <= MAX_RESULT_BYTES)
      return { id: task.id, result_json, error_code: "", error_message: "" };
    throw new WarrenError("usage", `the result has more than ${MAX_RESULT_BYTES} bytes; ask for less at once`);
  } catch (thrown) {
    const error =
      thrown instanceof SyntaxError ? new WarrenError("usage", "the task is no JSON") : WarrenError.from(thrown);
    if (error.code === "internal")
      options.logger.error({ from: task.from, err: error }, "a task of a self-test failed");
    return { id: task.id, result_json: "", error_code: error.code, error_message: error.message };
  }
}
