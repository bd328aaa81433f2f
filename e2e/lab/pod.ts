import { fileURLToPath } from "node:url";
import type { PodInfo } from "@warren/common/api/types.ts";
import { WarrenError } from "@warren/common/errors/warren-error.ts";
import type { RunOptions, RunResult } from "@warren/common/runtime/run.ts";
import { runIn, tryRunIn } from "./netns.ts";
import type { Supervised } from "./supervised.ts";

/** Path of a program of `pod-programs/`, to be run by `process.execPath`: they need nothing but Node. */
export function podProgram(name: string): string {
  return fileURLToPath(new URL(`./pod-programs/${name}`, import.meta.url));
}

/** A pod of the lab: what `warren pod add` printed, and a way into its network namespace. */
export interface LabPod extends PodInfo {
  /** Number of its host, from 1. */
  readonly hostNumber: number;
  /** `name` with its host, for tables: `pod-1@h2`. */
  readonly label: string;
  /** Its address of a family. Throws when it has none. */
  address(family?: 4 | 6): string;
  run(program: string, args: readonly string[], options?: RunOptions): Promise<RunResult>;
  tryRun(program: string, args: readonly string[], options?: RunOptions): Promise<RunResult>;
  /** Starts a program of the lab in the pod's namespace. */
  spawn(program: string, args: readonly string[]): Promise<Supervised>;
}

export function labPod(
  info: PodInfo,
  hostNumber: number,
  spawn: (netns: string, what: string, program: string, args: readonly string[]) => Promise<Supervised>,
): LabPod {
  return {
    ...info,
    hostNumber,
    label: `${info.name}@h${hostNumber}`,
    address(family) {
      const found = info.addresses.find((address) => !family || (family === 6) === address.includes(":"));
      if (!found) throw new WarrenError("not-found", `pod ${info.name} has no IPv${family} address`);
      return found;
    },
    run: (program, args, options) => runIn(info.netns, program, args, options),
    tryRun: (program, args, options) => tryRunIn(info.netns, program, args, options),
    spawn: (program, args) => spawn(info.netns, info.name, program, args),
  };
}
