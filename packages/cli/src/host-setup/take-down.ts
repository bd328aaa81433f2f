import { join } from "node:path";
import { AGENT_UNIT } from "./agent-unit.ts";
import type { HostPaths } from "./host-paths.ts";
import { isOurs, removeAll, removeEmpty } from "./owned-file.ts";
import type { Systemd } from "./systemd.ts";

export function unitPath(paths: HostPaths, unit: string): string {
  return join(paths.unitDir, unit);
}

/** What an agent keeps in its run directory. A control plane started by hand may have it, too. */
const AGENT_RUN_FILES = ["agent.sock", "subnet.env"];

/** True where `warren join` set this host up, even if it was killed before its end. */
export function isSetUp(paths: HostPaths): boolean {
  return isOurs(paths.agentConfig) || isOurs(unitPath(paths, AGENT_UNIT));
}

/** Stops the agent's unit and removes it. @returns what there was, in words */
export async function removeUnit(systemd: Systemd, paths: HostPaths, unit: string): Promise<string[]> {
  const path = unitPath(paths, unit);
  if (!isOurs(path)) return [];
  const isManaged = systemd.isRunning();
  if (isManaged) await systemd.disable(unit);
  // The drop-ins of `systemctl edit` go with it: they are changes to something that is gone.
  const removed = removeAll([path, `${path}.d`]);
  if (isManaged) await systemd.reload();
  return removed;
}

/** Removes the files of an agent that has been withdrawn. @returns the paths that were there */
export function removeAgentFiles(paths: HostPaths): string[] {
  return [
    ...removeAll([
      ...(isOurs(paths.agentConfig) ? [paths.agentConfig] : []),
      paths.agentData,
      ...AGENT_RUN_FILES.map((name) => join(paths.runDir, name)),
    ]),
    ...removeEmpty([paths.etcDir, paths.stateDir, paths.runDir]),
  ];
}
