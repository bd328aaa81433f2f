import type { AgentStatus } from "@warren/common/api/types.ts";
import type { Lab } from "../lab/lab.ts";
import type { WarrenProcess } from "../lab/warren-process.ts";

/**
 * What to look at when something is not as it should be, taken before the logs go away with the lab: drops and warnings
 * of each node, and the last lines of the logs that complain.
 */
export async function diagnose(lab: Lab): Promise<string[]> {
  const numbers = lab.hosts.map((_, index) => index + 1);
  const processes = [
    ...tryGet(() => lab.controlPlane),
    ...numbers.flatMap((number) => tryGet(() => lab.agent(number))),
  ];
  const findings: string[] = [];
  for (const process of processes) {
    const lines = [...(process.role === "agent" ? await statusLines(process) : []), ...complaints(process)];
    if (!process.running) lines.unshift("is not running");
    if (lines.length > 0) findings.push(`${process.name}:`, ...lines.map((line) => `  ${line}`));
  }
  return [...findings, "To look around while it is up: npm run demo -- --keep"];
}

async function statusLines(agent: WarrenProcess): Promise<string[]> {
  try {
    const { dataplane, warnings } = await agent.get<AgentStatus>("/v1/status");
    const drops = Object.entries(dataplane.drops).filter(([, count]) => count > 0);
    return [
      ...warnings.map((warning) => `warns: ${warning}`),
      ...(drops.length > 0 ? [`dropped: ${drops.map(([reason, count]) => `${count} ${reason}`).join(", ")}`] : []),
    ];
  } catch (thrown) {
    return [`does not answer: ${(thrown as Error).message}`];
  }
}

/** The last lines of the log that complain. */
function complaints(process: WarrenProcess): string[] {
  return process
    .log()
    .split("\n")
    .filter((line) => /^\S+ (WARN|ERROR|FATAL) |^warren: /.test(line))
    .slice(-5);
}

function tryGet<T>(get: () => T): T[] {
  try {
    return [get()];
  } catch {
    return [];
  }
}
