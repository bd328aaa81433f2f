import type { CommandSpec } from "./command-spec.ts";

export type FlagValue = string | boolean | readonly string[] | undefined;

/** A command line that makes sense. */
export interface Parsed {
  readonly spec: CommandSpec;
  /** By position; what is optional and absent is undefined. */
  readonly args: readonly (string | undefined)[];
  /** By name; what was not given is undefined. */
  readonly flags: Readonly<Record<string, FlagValue>>;
  /** False with `--no-color`. */
  readonly color: boolean;
}
