import { existsSync } from "node:fs";
import { WarrenError } from "@warren/common/errors/warren-error.ts";
import type { FlagSpec } from "../command-spec.ts";
import { formatConfig, type Settings } from "./config-file.ts";
import { CONTROL_UNIT, controlUnit } from "./control-unit.ts";
import type { HostPaths } from "./host-paths.ts";
import type { Launcher } from "./launcher.ts";
import { checkMayWrite, isOurs, removeAll, removeEmpty, writeOwned } from "./owned-file.ts";
import type { ServiceUser } from "./service-user.ts";
import { startUnit } from "./start-unit.ts";
import type { Systemd } from "./systemd.ts";
import { removeUnit, unitPath } from "./take-down.ts";

/** What making and removing a control plane does to its host; tests give their own. */
export interface ControlWorld {
  readonly paths: HostPaths;
  readonly systemd: Systemd;
  readonly user: ServiceUser;
  readonly progress: (line: string) => void;
  /** Aborts when the user interrupts; what was done is undone then. */
  readonly signal: AbortSignal;
}

export interface ControlPlan {
  /** What goes into control.yaml. */
  readonly settings: Settings;
  readonly flags: readonly FlagSpec[];
  readonly launcher: Launcher;
}

/** True where `warren init` set this host up. */
export function isControlHost(paths: HostPaths): boolean {
  return isOurs(unitPath(paths, CONTROL_UNIT));
}

/**
 * Makes this host the control plane's, and waits until it is ready. Where it is that already, only starts what does not
 * run: settings are changed in control.yaml. A failure undoes all that was done; a state that was there before stays.
 * @returns whether it was made now
 */
export async function initControl({ settings, flags, launcher }: ControlPlan, world: ControlWorld): Promise<boolean> {
  const { paths, systemd, user, progress, signal } = world;
  const unit = unitPath(paths, CONTROL_UNIT);
  if (isControlHost(paths)) {
    if ((await systemd.state(CONTROL_UNIT)).active !== "active")
      await startUnit(systemd, CONTROL_UNIT, { progress, signal });
    return false;
  }
  checkMayWrite(paths.controlConfig);
  checkMayWrite(unit);
  const hadState = existsSync(paths.controlData);
  const hadUser = await user.state();
  if (hadUser === "foreign")
    throw new WarrenError(
      "already-exists",
      `there is a user ${user.name} that \`warren init\` did not make, and it would own the key of the cluster's CA; rename or remove it first`,
    );
  try {
    if (hadUser === "absent") await user.add();
    writeOwned(paths.controlConfig, formatConfig("warren init", "control", flags, settings), 0o644);
    writeOwned(unit, controlUnit({ launcher: launcher.words, readable: launcher.dirs }), 0o644);
    await startUnit(systemd, CONTROL_UNIT, { progress, signal });
    return true;
  } catch (error) {
    progress("init failed; undoing what it did");
    await takeAway(world, { state: !hadState, user: hadUser === "absent" }).catch((second: unknown) =>
      progress(`not all of it could be undone: ${WarrenError.from(second).message}; run: warren init --remove --yes`),
    );
    throw error;
  }
}

/** Ends the cluster: the control plane with its state, which no node can do without in the long run. @returns what there was */
export function removeControl(world: ControlWorld): Promise<string[]> {
  return takeAway(world, { state: true, user: true });
}

async function takeAway(
  { paths, systemd, user }: ControlWorld,
  also: { readonly state: boolean; readonly user: boolean },
): Promise<string[]> {
  const removed = await removeUnit(systemd, paths, CONTROL_UNIT);
  removed.push(
    ...removeAll([
      ...(isOurs(paths.controlConfig) ? [paths.controlConfig] : []),
      ...(also.state ? [paths.controlData] : []),
      paths.controlRunDir,
    ]),
    ...removeEmpty([paths.etcDir, paths.stateDir]),
  );
  if (also.user && (await user.state()) === "ours") {
    await user.remove();
    removed.push(`user ${user.name}`);
  }
  return removed;
}
