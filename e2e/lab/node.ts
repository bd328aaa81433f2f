import type { RunOptions, RunResult } from "@warren/common/runtime/run.ts";
import { clearFault, type Fault, type FaultMatch, setFault } from "./faults.ts";
import { runIn, tryRunIn } from "./netns.ts";
import type { PlannedNode } from "./plan.ts";
import type { SpawnOptions, Supervised } from "./supervised.ts";

/** One machine of the lab: a network namespace with `eth0` on the underlay. */
export interface LabNode {
  readonly netns: string;
  /** Its address on the underlay; IPv4 when it has both. */
  readonly underlay: string;
  readonly underlays: readonly string[];
  /** Runs a program in its namespace to the end; throws as `run` of `@warren/common/runtime/run.ts` does. */
  run(program: string, args: readonly string[], options?: RunOptions): Promise<RunResult>;
  tryRun(program: string, args: readonly string[], options?: RunOptions): Promise<RunResult>;
  /** Starts a program that lives until it ends, is ended, or the lab closes. */
  spawn(program: string, args: readonly string[], options?: SpawnOptions): Promise<Supervised>;
  /** Replaces the fault on what arrives from the underlay. */
  setFault(fault: Fault, match?: FaultMatch): Promise<void>;
  clearFault(): Promise<void>;
}

export function labNode(
  planned: PlannedNode,
  spawn: (program: string, args: readonly string[], options?: SpawnOptions) => Promise<Supervised>,
): LabNode {
  const { netns, addresses } = planned;
  return {
    netns,
    underlay: addresses[0]!,
    underlays: addresses,
    run: (program, args, options) => runIn(netns, program, args, options),
    tryRun: (program, args, options) => tryRunIn(netns, program, args, options),
    spawn,
    setFault: (fault, match) => setFault(netns, fault, match),
    clearFault: () => clearFault(netns),
  };
}
