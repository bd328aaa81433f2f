import { type ArgumentSpec, argumentTerm, type CommandSpec, type FlagSpec } from "../command-spec.ts";

/** docs/cli.md: every command with its arguments, flags and examples, from the same table that parses them. */
export function cliReference(commands: readonly CommandSpec[]): string {
  const runnable = commands.filter((spec) => spec.load);
  const groups = [...new Set(runnable.map((spec) => spec.group))];
  const overview = groups.map((group) => {
    const rows = runnable.filter((spec) => spec.group === group);
    return `**${group}**\n\n| command | what it does |\n|---|---|\n${rows
      .map((spec) => `| [\`${spec.path}\`](#warren-${spec.path.replaceAll(" ", "-")}) | ${cell(spec.description)} |`)
      .join("\n")}\n`;
  });
  return `${INTRODUCTION}\n${overview.join("\n")}\n${runnable.map(section).join("\n")}`;
}

const INTRODUCTION = `# The \`warren\` command

<!-- Generated from packages/cli/src/command-tree.ts by \`npm run docs\`; a test keeps it fresh. -->

In a checkout the command is \`./warren\`. It talks to the agent or the control plane of this machine through a socket in
the run directory (\`--run-dir\`, or \`WARREN_RUN_DIR\`, or \`/run/warren\`).

* \`-o table|wide|json|yaml\`: \`json\` and \`yaml\` are the shapes of the local API and change only by addition. With
  \`-o json\`, errors are JSON too, on standard error: \`{"error": {"code": …, "message": …}}\`.
* Exit codes: 0 ok · 1 error · 2 usage · 3 not ready or timed out · 4 control plane or agent unreachable · 5 not
  authorised · 6 conflict · 7 partial. The codes in brackets behind an error are in [errors.md](errors.md).
* Flags of \`control\` and \`agent\` are also keys of their YAML file and, in capitals, environment variables:
  \`--pod-cidr\` = \`pod-cidr:\` = \`WARREN_POD_CIDR\` (lists separated by commas). A flag wins over the environment, that
  over the file, that over the default; \`warren config print\` shows what is in force and why.
* \`--no-color\` or \`NO_COLOR=1\` turns colours off; output that is not a terminal never has them.
`;

function section(spec: CommandSpec): string {
  const args = spec.arguments ?? [];
  const usage = [
    `warren ${spec.path}`,
    ...args.map(argumentTerm),
    ...(spec.flags.length > 0 ? ["[flags]"] : []),
    ...(spec.program ? [spec.program === "required" ? "-- PROGRAM [ARG…]" : "[-- PROGRAM [ARG…]]"] : []),
  ].join(" ");
  const tables = [
    args.length > 0 && `| argument | |\n|---|---|\n${args.map(argumentRow).join("\n")}\n`,
    spec.flags.length > 0 && `| flag | |\n|---|---|\n${spec.flags.map(flagRow).join("\n")}\n`,
  ].filter((table) => table !== false);
  const examples = spec.examples.map((example) => `# ${example.explains}\n${example.command}`).join("\n\n");
  return `## warren ${spec.path}

${spec.description}

\`\`\`
${usage}
\`\`\`

${tables.join("\n")}${tables.length > 0 ? "\n" : ""}\`\`\`sh
${examples}
\`\`\`
`;
}

function argumentRow(argument: ArgumentSpec): string {
  return `| \`${argument.name}\` | ${cell(withChoices(argument.description, argument.choices ?? argument.suggests))} |`;
}

function flagRow(flag: FlagSpec): string {
  const name = `${flag.short ? `-${flag.short}, ` : ""}--${flag.name}${flag.value ? ` ${flag.value}` : ""}`;
  return `| \`${name}\` | ${cell(withChoices(flag.description, flag.choices))} |`;
}

function withChoices(description: string, choices: readonly string[] | undefined): string {
  return choices ? `${description}: ${choices.map((choice) => `\`${choice}\``).join(", ")}` : description;
}

function cell(text: string): string {
  return text.replaceAll("|", "\\|");
}
