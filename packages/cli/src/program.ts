import { didYouMean, nearestWord } from "@warren/common/config/did-you-mean.ts";
import { WarrenError } from "@warren/common/errors/warren-error.ts";
import { Argument, Command, CommanderError, Option } from "commander";
import { type ArgumentSpec, argumentTerm, type CommandSpec, type FlagSpec } from "./command-spec.ts";
import { type FlagValue, type Parsed, toArguments } from "./parsed.ts";
import { VERSION } from "./version.ts";

/**
 * Parses any command line with commander, and says in one line what is wrong with it. Undefined when help or the version
 * was asked for and printed.
 * @throws WarrenError `usage`
 */
export function parseWithHelp(
  commands: readonly CommandSpec[],
  words: readonly string[],
  write: (text: string) => void,
): Parsed | undefined {
  // `warren help pod add` is `warren pod add --help`.
  const argv = words[0] === "help" ? [...words.slice(1), "--help"] : words;
  let found: Parsed | undefined;
  const program = buildProgram(commands, write, (parsed) => {
    found = parsed;
  });
  try {
    program.parse(argv.length === 0 ? ["--help"] : argv, { from: "user" });
  } catch (error) {
    const usage = usageError(error, argv, commands);
    if (usage === undefined) return undefined;
    throw usage;
  }
  return found;
}

/** The commander tree over the table of commands; `found` gets the command that was given, `write` help and version. */
function buildProgram(
  commands: readonly CommandSpec[],
  write: (text: string) => void,
  found: (parsed: Parsed) => void,
): Command {
  // What is set before the first child is made is inherited by all of them. Errors are thrown, not printed.
  const program = new Command("warren")
    .configureOutput({ writeOut: write, writeErr: () => {} })
    .configureHelp({ subcommandTerm: (command) => command.name() })
    .description("An overlay network for pods, containers and VMs that can be seen through.")
    .version(VERSION, "-V, --version", "print the version")
    .option("--no-color", "print no colours (also: NO_COLOR=1, and whenever the output is not a terminal)")
    .usage("COMMAND [flags]")
    .helpCommand(false)
    // `ipam` and `ipam reserve` both have --run-dir: what stands behind `reserve` is its own.
    .enablePositionalOptions()
    .exitOverride()
    .showSuggestionAfterError(false)
    .addHelpText("after", ROOT_HELP);
  const made = new Map<string, Command>([["", program]]);
  for (const spec of commands) {
    const words = spec.path.split(" ");
    const parent = made.get(words.slice(0, -1).join(" "))!;
    const command = parent.command(words.at(-1)!).description(spec.description).helpGroup(`${spec.group}:`);
    command
      .helpCommand(false)
      .enablePositionalOptions()
      .allowExcessArguments(spec.load === undefined);
    command.addOption(new Option("--no-color").hideHelp());
    // Standing anywhere in the line it means the same.
    const colors = () => [...ancestors(command)].every((each) => each.opts()["color"] !== false);
    describe(command, spec, (args, flags) => found({ spec, args, flags, color: colors() }));
    made.set(spec.path, command);
  }
  return program;
}

function* ancestors(command: Command): Generator<Command> {
  for (let each: Command | null = command; each; each = each.parent) yield each;
}

const ROOT_HELP = `
Examples:
  warren control --data-dir /var/lib/warren --run-dir /run/warren   # start a control plane
  warren token create                                               # a join token for one node
  warren pod add web -- python3 -m http.server 80                   # run a program in a pod of this node

Exit codes: 0 ok, 1 error, 2 usage, 3 not ready or timed out, 4 control plane or agent unreachable, 5 not authorised,
6 conflict, 7 partial. \`warren COMMAND --help\` explains a command.`;

function describe(
  command: Command,
  spec: CommandSpec,
  found: (args: (string | undefined)[], flags: Record<string, FlagValue>) => void,
): void {
  for (const argument of spec.arguments ?? []) {
    const made = new Argument(parserTerm(argument), argument.description);
    command.addArgument(argument.choices ? made.choices(argument.choices) : made);
  }
  for (const flag of spec.flags) command.addOption(toOption(flag));
  const dashes = { required: " -- PROGRAM [ARG…]", optional: " [-- PROGRAM [ARG…]]", none: "" }[spec.program ?? "none"];
  const args = (spec.arguments ?? []).map((each) => ` ${argumentTerm(each)}`).join("");
  command.usage(`${spec.load ? `${args.trimStart()} [flags]${dashes}`.trimStart() : "COMMAND"}`);
  command.addHelpText("after", `\nExamples:\n${formatExamples(spec)}`);
  command.action(() => {
    if (!spec.load) throw unknownSubcommand(command, spec);
    const options = command.opts() as Record<string, FlagValue>;
    const flags = Object.fromEntries(spec.flags.map((flag) => [flag.name, flagValue(options, flag.name)]));
    found(toArguments(spec, command.args), flags);
  });
}

/** For commander `--no-unit` takes away a `unit` that is there by default; for us it is a flag like any other. */
function flagValue(options: Readonly<Record<string, FlagValue>>, name: string): FlagValue {
  if (!name.startsWith("no-")) return options[camelCase(name)];
  return options[camelCase(name.slice(3))] === false ? true : undefined;
}

/** An argument in the parser's own notation. */
function parserTerm({ name, optional, variadic }: ArgumentSpec): string {
  const term = `${name}${variadic ? "..." : ""}`;
  return optional ? `[${term}]` : `<${term}>`;
}

/** Two columns: the command and what it does. */
function formatExamples(spec: CommandSpec): string {
  const width = Math.max(...spec.examples.map((example) => example.command.length));
  return spec.examples.map((each) => `  ${each.command.padEnd(width)}   # ${each.explains}`).join("\n");
}

function toOption(flag: FlagSpec): Option {
  const names = `${flag.short ? `-${flag.short}, ` : ""}--${flag.name}`;
  const option = new Option(flag.value ? `${names} <${flag.value}>` : names, flag.description);
  if (flag.choices) option.choices(flag.choices);
  if (flag.list) {
    option.argParser((value: string, previous: readonly string[] | undefined) => [...(previous ?? []), value]);
  }
  return option;
}

function camelCase(name: string): string {
  return name.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase());
}

function unknownSubcommand(command: Command, spec: CommandSpec): WarrenError {
  const names = command.commands.map((each) => each.name());
  const given = command.args[0];
  if (given === undefined) {
    return new WarrenError("usage", `expected one of ${names.join(", ")} after \`warren ${spec.path}\``);
  }
  return new WarrenError("usage", `unknown command "warren ${spec.path} ${given}"${didYouMean(given, names)}`);
}

/**
 * What the parser threw as one line in our words: what is wrong and what was expected. Undefined when it only ended
 * because help or the version was printed.
 */
function usageError(
  thrown: unknown,
  argv: readonly string[],
  commands: readonly CommandSpec[],
): WarrenError | undefined {
  if (!(thrown instanceof CommanderError)) return WarrenError.from(thrown);
  if (thrown.exitCode === 0) return undefined;
  const spec = deepestCommand(argv, commands);
  const help = `; see \`warren ${spec ? `${spec.path} ` : ""}--help\``;
  const message = thrown.message.replace(/^error: /, "").replaceAll("\n", " ");
  const quoted = /'([^']*)'/.exec(message)?.[1] ?? "";
  if (thrown.code === "commander.unknownOption") {
    const given = quoted.replace(/=.*/, "");
    const names = [...(spec?.flags ?? []).map((flag) => `--${flag.name}`), "--help"];
    const near = nearestWord(given, names);
    return new WarrenError("usage", `unknown flag ${given}${near ? `; did you mean ${near}?` : help}`);
  }
  if (thrown.code === "commander.unknownCommand") {
    const names = commands.map((each) => each.path).filter((path) => !path.includes(" "));
    return new WarrenError("usage", `unknown command "${quoted}"${didYouMean(quoted, names)}`);
  }
  if (thrown.code === "commander.excessArguments") {
    const children = commands.filter((each) => spec && each.path.startsWith(`${spec.path} `));
    if (spec && children.length > 0) {
      const word = argv.find((each) => !each.startsWith("-") && !spec.path.split(" ").includes(each)) ?? "";
      const names = children.map((each) => each.path.slice(spec.path.length + 1));
      return new WarrenError("usage", `unknown command "warren ${spec.path} ${word}"${didYouMean(word, names)}`);
    }
    const extra = spec?.program ? `; a program to run stands behind --: ${spec.examples[0]!.command}` : help;
    return new WarrenError("usage", `too many arguments for \`warren ${spec?.path ?? ""}\`${extra}`);
  }
  if (thrown.code === "commander.missingArgument") {
    const missing = spec?.arguments?.find((argument) => argument.name === quoted);
    return new WarrenError("usage", `${quoted} is missing (${missing?.description ?? "an argument"})${help}`);
  }
  if (thrown.code === "commander.optionMissingArgument") {
    return new WarrenError("usage", `${longName(quoted)} needs a value${help}`);
  }
  const choice = INVALID_CHOICE.exec(message)?.groups;
  if (choice) {
    const subject = longName(choice["option"] ?? choice["argument"] ?? "");
    return new WarrenError("usage", `${subject}: expected one of ${choice["choices"]}, got "${choice["value"]}"`);
  }
  return new WarrenError("usage", `${message.replace(/\.$/, "")}${help}`);
}

/** How commander says that the value of an option or of an argument is not one of the choices. */
const INVALID_CHOICE =
  /^(option '(?<option>.*)' argument|command-argument value) '(?<value>.*)' is invalid( for argument '(?<argument>.*)')?\. Allowed choices are (?<choices>.*)\.$/;

/** `--output` of `-o, --output <FORMAT>`; an argument's name as it is. */
function longName(term: string): string {
  return /--[\w-]+/.exec(term)?.[0] ?? term;
}

/** The command that the words lead to, flags and their values skipped as far as they can be told apart. */
function deepestCommand(argv: readonly string[], commands: readonly CommandSpec[]): CommandSpec | undefined {
  let found: CommandSpec | undefined;
  for (const word of argv) {
    const path = found ? `${found.path} ${word}` : word;
    found = commands.find((spec) => spec.path === path) ?? found;
  }
  return found;
}
