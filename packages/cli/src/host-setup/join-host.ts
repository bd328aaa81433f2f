import { WarrenError } from "@warren/common/errors/warren-error.ts";
import type { FlagSpec } from "../command-spec.ts";
import { AGENT_UNIT, agentUnit } from "./agent-unit.ts";
import { formatConfig, type Settings } from "./config-file.ts";
import type { HostPaths } from "./host-paths.ts";
import type { Launcher } from "./launcher.ts";
import { checkMayWrite, writeOwned } from "./owned-file.ts";
import { startUnit } from "./start-unit.ts";
import type { Systemd } from "./systemd.ts";
import { unitPath } from "./take-down.ts";

export interface JoinPlan {
  /** What goes into agent.yaml: `control`, `name`, and what else was asked for. */
  readonly settings: Settings;
  /** Flags that settings may be of, for their descriptions. */
  readonly flags: readonly FlagSpec[];
  /** False where there is no systemd, or it is not wanted. */
  readonly withUnit: boolean;
}

/** What a join does to the host and to the cluster; tests give their own. */
export interface JoinWorld {
  readonly paths: HostPaths;
  readonly systemd: Systemd;
  readonly launcher: Launcher;
  /** Whether the host may and can join: throws `already-exists`, `already-running`, `host-unfit`. What it refuses stays as it is. */
  readonly check: () => Promise<void>;
  /** Makes the host a node of the cluster, with the token; throws what the control plane refuses with. */
  readonly enroll: () => Promise<void>;
  /** Undoes everything a join does, whatever of it was done, as far as it goes. */
  readonly takeDown: () => Promise<void>;
  readonly progress: (line: string) => void;
  /** Aborts when the user interrupts; what was done is undone then. */
  readonly signal: AbortSignal;
}

/**
 * Makes this host a node and its agent a service. Nothing is changed before the last check; from then on a failure undoes
 * all that was done, the enrolment included. Only a single use of the token stays used.
 */
export async function joinHost(plan: JoinPlan, world: JoinWorld): Promise<void> {
  const { paths, systemd, launcher, check, enroll, takeDown, progress, signal } = world;
  const unit = unitPath(paths, AGENT_UNIT);
  checkMayWrite(paths.agentConfig);
  if (plan.withUnit) checkMayWrite(unit);
  await check();
  try {
    writeOwned(paths.agentConfig, formatConfig("warren join", "agent", plan.flags, plan.settings), 0o600);
    if (plan.withUnit) writeOwned(unit, agentUnit({ launcher: launcher.words }), 0o644);
    signal.throwIfAborted();
    await enroll();
    if (plan.withUnit) await startUnit(systemd, AGENT_UNIT, { progress, signal });
  } catch (error) {
    progress("join failed; undoing what it did");
    await takeDown().catch((second: unknown) =>
      progress(`not all of it could be undone: ${WarrenError.from(second).message}; run: warren leave --force`),
    );
    throw error;
  }
}
