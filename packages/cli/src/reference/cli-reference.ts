import type { ArgumentSpec, CommandSpec, FlagSpec } from "../command-spec.ts";
import { commandGroups, EXIT_CODES, flagNames, NOTES, usageTail, withChoices } from "./command-text.ts";

/** docs/cli.md: every command with its arguments, flags and examples, from the same table that parses them. */
export function cliReference(commands: readonly CommandSpec[]): string {
  const groups = [...commandGroups(commands)];
  const overview = groups.map(
    ([group, specs]) => `**${group}**\n\n| command | what it does |\n|---|---|\n${specs.map(overviewRow).join("\n")}\n`,
  );
  const sections = commands.filter((spec) => spec.load).map(section);
  return `${INTRODUCTION}\n${overview.join("\n")}\n${sections.join("\n")}`;
}

const INTRODUCTION = `# The \`warren\` command

<!-- Generated from packages/cli/src/command-tree.ts by \`npm run docs\`; a test keeps it fresh. -->

In a checkout the command is \`./warren\`. It talks to the agent or the control plane of this machine through a socket in
the run directory (\`--run-dir\`, or \`WARREN_RUN_DIR\`, or \`/run/warren\`). The same pages for \`man\` are in packages/cli/man.

${NOTES.map((note) => `* ${note}\n`).join("")}* Exit codes: ${EXIT_CODES.map((meaning, code) => `${code} ${meaning}`).join(" · ")}.
  The codes in brackets behind an error are in [errors.md](errors.md).
`;

function overviewRow(spec: CommandSpec): string {
  return `| [\`${spec.path}\`](#warren-${spec.path.replaceAll(" ", "-")}) | ${cell(spec.description)} |`;
}

function section(spec: CommandSpec): string {
  const args = spec.arguments ?? [];
  const tables = [
    args.length > 0 && `| argument | |\n|---|---|\n${args.map(argumentRow).join("\n")}\n`,
    spec.flags.length > 0 && `| flag | |\n|---|---|\n${spec.flags.map(flagRow).join("\n")}\n`,
  ].filter((table) => table !== false);
  const examples = spec.examples.map((example) => `# ${example.explains}\n${example.command}`).join("\n\n");
  return `## warren ${spec.path}

${spec.description}

\`\`\`
${`warren ${spec.path} ${usageTail(spec)}`.trimEnd()}
\`\`\`

${tables.join("\n")}${tables.length > 0 ? "\n" : ""}\`\`\`sh
${examples}
\`\`\`
`;
}

function argumentRow(argument: ArgumentSpec): string {
  return `| \`${argument.name}\` | ${cell(withChoices(argument))} |`;
}

function flagRow(flag: FlagSpec): string {
  return `| \`${flagNames(flag).join(", ")}${flag.value ? ` ${flag.value}` : ""}\` | ${cell(withChoices(flag))} |`;
}

function cell(text: string): string {
  return text.replaceAll("|", "\\|");
}
