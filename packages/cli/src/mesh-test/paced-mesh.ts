import type { Task, TaskResults } from "@warren/common/api/ask.ts";
import { WarrenError } from "@warren/common/errors/warren-error.ts";
import type { Clock } from "@warren/common/runtime/clock.ts";
import type { MeshAsk } from "./mesh-ask.ts";
import { sleep } from "./sleep.ts";

/** Questions under way; the control plane allows 16 of one node. */
const AT_ONCE = 12;
/** For how long a question is asked again while it meets `busy`: somebody else may be testing too. */
const BUSY_MS = 10_000;
const BUSY_EVERY_MS = 200;

/** A mesh of which no more is asked at once than it takes; what waits does so in the order in which it came. */
export function pacedMesh(mesh: MeshAsk, clock: Clock): MeshAsk {
  let free = AT_ONCE;
  const waiting: (() => void)[] = [];
  const enter = async () => {
    if (free > 0) free--;
    else await new Promise<void>((resolve) => waiting.push(resolve));
  };
  const leave = () => {
    const next = waiting.shift();
    if (next) next();
    else free++;
  };
  return {
    asker: mesh.asker,
    cluster: mesh.cluster,
    nodes: mesh.nodes,
    ask: async <T extends Task>(node: string, task: T, signal: AbortSignal) => {
      await enter();
      try {
        return await askUntilFree(mesh, clock, node, task, signal);
      } finally {
        leave();
      }
    },
  };
}

async function askUntilFree<T extends Task>(
  mesh: MeshAsk,
  clock: Clock,
  node: string,
  task: T,
  signal: AbortSignal,
): Promise<TaskResults[T["do"]]> {
  const deadlineMs = clock.monotonicMs() + BUSY_MS;
  for (;;) {
    try {
      return await mesh.ask(node, task, signal);
    } catch (error) {
      const isBusy = error instanceof WarrenError && error.code === "busy";
      if (!isBusy || clock.monotonicMs() >= deadlineMs) throw error;
      await sleep(BUSY_EVERY_MS, clock, signal);
    }
  }
}
