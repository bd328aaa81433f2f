import { podsPresent, type Withdrawn } from "@warren/agent/app/withdraw-node.ts";
import { WarrenError } from "@warren/common/errors/warren-error.ts";
import { AGENT_UNIT } from "./agent-unit.ts";
import type { HostPaths } from "./host-paths.ts";
import { isOurs } from "./owned-file.ts";
import type { Systemd } from "./systemd.ts";
import { removeAgentFiles, removeUnit, unitPath } from "./take-down.ts";

export interface LeaveOptions {
  readonly deletePods: boolean;
  /** Leaves also when the control plane cannot be told. */
  readonly force: boolean;
}

/** What a leave asks and changes; tests give their own. */
export interface LeaveWorld {
  readonly paths: HostPaths;
  readonly systemd: Systemd;
  /** The running agent: null when none answers. */
  readonly agent: RunningAgent | null;
  /** Ends what a node is on this host when no agent runs any more (`withdrawNode`). */
  readonly withdraw: (options: LeaveOptions) => Promise<Withdrawn>;
}

/** The local API of the agent, as far as a leave needs it. */
export interface RunningAgent {
  pods(): Promise<readonly { readonly namespace: string; readonly name: string }[]>;
  deletePod(namespace: string, name: string): Promise<void>;
  /** Tells the control plane, gives the lease back, and ends the agent. Throws `pods-present`, `unavailable`. */
  leave(): Promise<void>;
}

/** What was taken away, for the user to see. */
export interface HostLeft {
  readonly pods: readonly string[];
  readonly removed: readonly string[];
  /** Why the control plane keeps the lease; null when it has it back. */
  readonly untold: WarrenError | null;
}

/**
 * Undoes a join. A refusal (pods, or a control plane that does not answer) comes before the first change and leaves a
 * node that works; from the moment the control plane knows, all of it goes.
 */
export async function leaveHost(options: LeaveOptions, world: LeaveWorld): Promise<HostLeft> {
  const { paths, systemd, agent } = world;
  const pods = agent ? await leaveByAgent(agent, options) : [];
  // Without an agent that answers, refusals are still to come: nothing may be taken away before.
  const stopped = agent ? await removeUnit(systemd, paths, AGENT_UNIT) : [];
  const withdrawn = await withdrawQuiet(options, world);
  const unit = [...stopped, ...(await removeUnit(systemd, paths, AGENT_UNIT))];
  return {
    pods: [...pods, ...withdrawn.pods],
    removed: [...unit, ...withdrawn.swept, ...removeAgentFiles(paths)],
    untold: withdrawn.untold,
  };
}

/**
 * An agent that does not answer may run all the same: one whose identity another host has begins again for ever, and holds
 * the data directory. It is stopped then, and started again where the leave is refused.
 */
async function withdrawQuiet(options: LeaveOptions, { paths, systemd, withdraw }: LeaveWorld): Promise<Withdrawn> {
  try {
    return await withdraw(options);
  } catch (error) {
    const isHeld = error instanceof WarrenError && error.code === "already-running";
    if (!isHeld || !systemd.isRunning() || !isOurs(unitPath(paths, AGENT_UNIT))) throw error;
  }
  await systemd.disable(AGENT_UNIT);
  try {
    return await withdraw(options);
  } catch (error) {
    await systemd.enable(AGENT_UNIT);
    await systemd.start(AGENT_UNIT);
    throw error;
  }
}

/** @returns the pods it deleted */
async function leaveByAgent(agent: RunningAgent, { deletePods, force }: LeaveOptions): Promise<string[]> {
  const pods = await agent.pods();
  if (pods.length > 0 && !deletePods) throw podsPresent(pods.length);
  for (const { namespace, name } of pods) await agent.deletePod(namespace, name);
  try {
    await agent.leave();
  } catch (error) {
    // Without the control plane the agent goes on; it is stopped then.
    if (!force || WarrenError.from(error).code === "pods-present") throw error;
  }
  return pods.map(({ namespace, name }) => `${namespace}/${name}`);
}
