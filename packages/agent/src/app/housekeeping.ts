import { WarrenError } from "@warren/common/errors/warren-error.ts";
import type { Logger } from "pino";
import { sleep } from "../control-client/retry.ts";
import type { AgentWorld } from "./agent-deps.ts";

/** How often the host is looked at for what others may have taken away. */
const REPAIR_INTERVAL_MS = 30_000;
const SETTLE_AFTER_MS = 2_000;

/** Puts back, until the signal aborts, what a restart of Docker or of a firewall takes away. */
export async function keepHost({ clock, hostNetwork, logger }: AgentWorld, signal: AbortSignal): Promise<void> {
  for (;;) {
    await sleep(clock, REPAIR_INTERVAL_MS, signal);
    if (signal.aborted) return;
    try {
      for (const what of await hostNetwork.repair()) logger.warn(`${what}, put back`);
    } catch (error) {
      logger.warn({ err: WarrenError.from(error) }, "the host could not be looked after; trying again");
    }
  }
}

/** Once, when the first answers and the ready line are out: nobody waits for the pause. */
export async function settleMemory({ clock, memory, logger }: AgentWorld, signal: AbortSignal): Promise<void> {
  await sleep(clock, SETTLE_AFTER_MS, signal);
  if (!signal.aborted) spareMemory(() => memory.settle(), logger);
}

/** A kernel or C library without what it needs costs memory, never the agent. */
export function spareMemory(work: () => void, logger: Logger): void {
  try {
    work();
  } catch (error) {
    logger.warn({ err: WarrenError.from(error) }, "the agent takes more memory than it needs");
  }
}
