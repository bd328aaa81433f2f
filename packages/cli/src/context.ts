import { WarrenError } from "@warren/common/errors/warren-error.ts";
import type { CommandSpec } from "./command-spec.ts";
import { type OutputFormat, printValue } from "./output/print.ts";
import type { Parsed } from "./parsed.ts";

/** Where both services make their sockets unless they are told otherwise. */
export const DEFAULT_RUN_DIR = "/run/warren";

/** What an action gets: its arguments and flags, parsed, and the ways to answer. */
export interface CommandContext extends Parsed {
  /** All commands there are. */
  readonly commands: readonly CommandSpec[];
  /** The words behind `--`. */
  readonly program: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  readonly format: OutputFormat;
  /** Whether to write colours: asked for, and into a terminal. */
  readonly color: boolean;
  /** Directory of the sockets: `--run-dir`, `WARREN_RUN_DIR`, `/run/warren`. */
  readonly runDir: string;
  readonly write: (text: string) => void;
  /** A line for the user that is no part of the result: standard error. */
  readonly note: (line: string) => void;
  /** Shows how far a long measurement is: one line of a terminal, again and again; null takes it away. */
  readonly showLine: ((text: string | null) => void) | undefined;
}

/** The value of a flag that takes one. */
export function textFlag(context: CommandContext, name: string): string | undefined {
  const value = context.flags[name];
  return typeof value === "string" ? value : undefined;
}

/** @throws WarrenError `usage` when the flag was not given */
export function requiredFlag(context: CommandContext, name: string): string {
  const value = textFlag(context, name);
  if (value !== undefined) return value;
  const flag = context.spec.flags.find((each) => each.name === name);
  throw new WarrenError("usage", `--${name} is required: --${name} ${flag?.value ?? ""}`.trimEnd());
}

/** The values of a flag that may be repeated, and that takes several at once separated by commas. */
export function listFlag(context: CommandContext, name: string): string[] {
  const value = context.flags[name];
  return Array.isArray(value) ? (value as readonly string[]).flatMap((text) => text.split(",")) : [];
}

/** A whole number in a range. @throws WarrenError `usage` */
export function integerFlag(context: CommandContext, name: string, min: number, max: number): number | undefined {
  const text = textFlag(context, name);
  if (text === undefined) return undefined;
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= min && value <= max) return value;
  throw new WarrenError("usage", `--${name}: expected a whole number from ${min} to ${max}, got "${text}"`);
}

/** A number in a range, with or without a fraction. @throws WarrenError `usage` */
export function numberFlag(context: CommandContext, name: string, min: number, max: number): number | undefined {
  const text = textFlag(context, name);
  if (text === undefined) return undefined;
  const value = Number(text);
  if (/^\d+(\.\d+)?$/.test(text) && value >= min && value <= max) return value;
  throw new WarrenError("usage", `--${name}: expected a number from ${min} to ${max}, got "${text}"`);
}

/** Whole numbers in a range, each once; undefined when the flag was not given. @throws WarrenError `usage` */
export function integersFlag(context: CommandContext, name: string, min: number, max: number): number[] | undefined {
  const texts = listFlag(context, name);
  if (texts.length === 0) return undefined;
  const values = texts.map((text) => {
    const value = Number(text);
    if (/^\d+$/.test(text) && value >= min && value <= max) return value;
    throw new WarrenError("usage", `--${name}: expected whole numbers from ${min} to ${max}, got "${text}"`);
  });
  return [...new Set(values)];
}

/** Words of a fixed list; undefined when the flag was not given. @throws WarrenError `usage` */
export function wordsFlag<T extends string>(
  context: CommandContext,
  name: string,
  known: readonly T[],
): readonly T[] | undefined {
  const words = listFlag(context, name);
  const unknown = words.find((word) => !known.some((each) => each === word));
  if (unknown !== undefined)
    throw new WarrenError("usage", `--${name}: expected ${known.join(", ")}, got "${unknown}"`);
  return words.length === 0 ? undefined : known.filter((each) => words.includes(each));
}

/** Prints the result of a command in the format the user asked for; `text` makes the table and wide form. */
export async function print(context: CommandContext, value: unknown, text: (wide: boolean) => string): Promise<void> {
  context.write(await printValue(context.format, value, text));
}
