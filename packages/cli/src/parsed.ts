import type { CommandSpec } from "./command-spec.ts";

export type FlagValue = string | boolean | readonly string[] | undefined;

/** A command line that makes sense. */
export interface Parsed {
  readonly spec: CommandSpec;
  /** By position; what is optional and absent is undefined. A variadic one is the last, and may have more behind it. */
  readonly args: readonly (string | undefined)[];
  /** By name; what was not given is undefined. */
  readonly flags: Readonly<Record<string, FlagValue>>;
  /** False with `--no-color`. */
  readonly color: boolean;
}

/** The words of a command line as its arguments. */
export function toArguments(spec: CommandSpec, words: readonly string[]): (string | undefined)[] {
  const wanted = spec.arguments ?? [];
  const count = wanted.at(-1)?.variadic ? Math.max(wanted.length, words.length) : wanted.length;
  return Array.from({ length: count }, (_, index) => words[index]);
}
