import { isErrorCode } from "@warren/common/errors/codes.ts";
import { WarrenError } from "@warren/common/errors/warren-error.ts";
import type { CommandSpec } from "./command-spec.ts";
import { COMMANDS } from "./command-tree.ts";
import { type CommandContext, DEFAULT_RUN_DIR } from "./context.ts";
import { wantsColor } from "./output/paint.ts";
import { OUTPUT_FORMATS, type OutputFormat } from "./output/print.ts";
import type { FlagValue, Parsed } from "./parsed.ts";
import { quickParse } from "./quick-parse.ts";

/** The outside of one run of the command line. */
export interface CliHost {
  readonly env: NodeJS.ProcessEnv;
  readonly isTerminal: boolean;
  /** Whether standard error is a terminal. */
  readonly isErrorTerminal: boolean;
  readonly stdout: (text: string) => void;
  readonly stderr: (text: string) => void;
}

/** Runs one command line (the words after `warren`) and returns the exit code. Never throws. */
export async function runCli(argv: readonly string[], host: CliHost): Promise<number> {
  const { words, program } = splitAtDashes(argv);
  try {
    const parsed = await parse(words, host);
    if (parsed === undefined) return 0;
    checkProgram(parsed.spec, program);
    const context = makeContext(parsed, program, host);
    const { run } = await parsed.spec.load!();
    return (await run(context)) ?? 0;
  } catch (error) {
    return report(error, asksForJson(words), host);
  }
}

/** The user's own program stands behind `--`, whatever it looks like, and is never parsed. */
function splitAtDashes(argv: readonly string[]): { words: string[]; program: string[] | undefined } {
  const at = argv.indexOf("--");
  return at < 0 ? { words: [...argv], program: undefined } : { words: argv.slice(0, at), program: argv.slice(at + 1) };
}

/** Commander is loaded only for what needs explaining. */
async function parse(words: readonly string[], host: CliHost): Promise<Parsed | undefined> {
  const plain = quickParse(COMMANDS, words);
  if (plain !== undefined) return plain;
  const { parseWithHelp } = await import("./program.ts");
  return parseWithHelp(COMMANDS, words, host.stdout);
}

function checkProgram(spec: CommandSpec, program: readonly string[] | undefined): void {
  if (program !== undefined && spec.program === undefined) {
    throw new WarrenError(
      "usage",
      `warren ${spec.path} takes no program behind --; see \`warren ${spec.path} --help\``,
    );
  }
  if (spec.program === "required" && !program?.length) {
    throw new WarrenError("usage", `expected a program behind --: ${spec.examples[0]!.command}`);
  }
}

function makeContext(parsed: Parsed, program: readonly string[] | undefined, host: CliHost): CommandContext {
  const { flags } = parsed;
  return {
    ...parsed,
    commands: COMMANDS,
    program: program ?? [],
    env: host.env,
    format: (flags["output"] as OutputFormat | undefined) ?? OUTPUT_FORMATS[0],
    color: wantsColor(host.env, host.isTerminal, parsed.color),
    runDir: text(flags["run-dir"]) ?? host.env["WARREN_RUN_DIR"] ?? DEFAULT_RUN_DIR,
    write: host.stdout,
    note: (line) => host.stderr(`${line}\n`),
    showLine: host.isErrorTerminal ? (line) => host.stderr(`\r\u001b[K${line ?? ""}`) : undefined,
  };
}

function text(value: FlagValue): string | undefined {
  return typeof value === "string" ? value : undefined;
}

/** One line on standard error, the exit code from the table. A defect also shows its stack: it goes into a report. */
function report(thrown: unknown, json: boolean, host: CliHost): number {
  const error = WarrenError.from(thrown);
  if (json) {
    host.stderr(`${JSON.stringify({ error: error.toObject() })}\n`);
  } else {
    host.stderr(`warren: ${error.message.replaceAll("\n", " ")} [${error.code}]\n`);
    const cause = error.cause;
    if (error.code === "internal" && cause instanceof Error && !isErrorCode((cause as { code?: unknown }).code)) {
      host.stderr(`${cause.stack ?? ""}\n`);
    }
  }
  return error.exitCode;
}

/** Also for command lines that cannot be parsed. */
function asksForJson(words: readonly string[]): boolean {
  return /(^| )(-o ?|--output[= ])json( |$)/.test(words.join(" "));
}
