import type { Failure } from "../compare.ts";
import type { Machine } from "../machine.ts";
import { formatShare } from "./format.ts";

/** Where the figures come from, one fact a line, the same in every form of a report. */
export function describeMachine(machine: Machine): string[] {
  const { cpu, cores, memoryGiB, kernel, node, congestionControl, busyBefore, stolen } = machine;
  const tools = Object.entries(machine.tools).map(([name, version]) => `${name} ${version}`);
  return [
    `${cpu}, ${cores} cores, ${memoryGiB} GiB`,
    [`Linux ${kernel}`, `Node ${node}`, `TCP ${congestionControl}`, ...tools].join(", "),
    `${formatShare(busyBefore)} busy before the start, ${formatShare(stolen)} stolen by the hypervisor meanwhile`,
  ];
}

/** `nebula, udp-64: not measured in rounds 1, 2: connection refused`; one line for what failed alike in several rounds. */
export function describeFailures(failures: readonly Failure[]): string[] {
  const alike = Map.groupBy(failures, ({ system, work, reason }) => JSON.stringify([system, work, reason]));
  return [...alike.values()].map((group) => {
    const { system, work, reason } = group[0]!;
    const rounds = group.map(({ round }) => round + 1).join(", ");
    if (work === null) return `${system}: left out from round ${rounds} on: ${reason}`;
    return `${system}, ${work}: not measured in round${group.length > 1 ? "s" : ""} ${rounds}: ${reason}`;
  });
}
