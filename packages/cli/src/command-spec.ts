import type { CommandContext } from "./context.ts";

/** An argument by position. Shown in capitals; required unless `optional`. */
export interface ArgumentSpec {
  readonly name: string;
  readonly description: string;
  readonly optional?: boolean;
  /** Stands for all words that are left; only the last argument can. */
  readonly variadic?: boolean;
  readonly choices?: readonly string[];
  /** What completion offers where other words are allowed too. */
  readonly suggests?: readonly string[];
}

export interface FlagSpec {
  /** Long name without dashes; also the YAML key and, as `WARREN_…`, the environment variable where it is configuration. */
  readonly name: string;
  readonly short?: string;
  /** What stands for the value in help, such as `DIR`. Absent: the flag takes none. */
  readonly value?: string;
  /** May be given several times; the values are collected. */
  readonly list?: boolean;
  readonly choices?: readonly string[];
  readonly description: string;
}

export interface Example {
  readonly command: string;
  readonly explains: string;
}

/** An action; its number, if it returns one, is the exit code. */
export type Action = (context: CommandContext) => Promise<number | undefined> | Promise<void>;

/** One command: all that parsing, help, completion and docs/cli.md need, without the code that carries it out. */
export interface CommandSpec {
  /** Words after `warren`, such as `pod add`. */
  readonly path: string;
  readonly group: "Hosts" | "Services" | "Pods" | "Cluster" | "Tools";
  readonly description: string;
  readonly arguments?: readonly ArgumentSpec[];
  /** Takes a program of the user's behind `--`. */
  readonly program?: "required" | "optional";
  readonly flags: readonly FlagSpec[];
  readonly examples: readonly Example[];
  /** Imports the action; absent for a command that only groups others. */
  readonly load?: () => Promise<{ readonly run: Action }>;
}

/** An argument as usage lines show it: `NAME`, `[NAME]`, `[NAME…]`. */
export function argumentTerm({ name, optional, variadic }: ArgumentSpec): string {
  const term = `${name}${variadic ? "…" : ""}`;
  return optional ? `[${term}]` : term;
}
