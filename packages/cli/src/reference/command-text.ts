import { type ArgumentSpec, argumentTerm, type CommandSpec, type FlagSpec } from "../command-spec.ts";

/** What holds for all commands; inline code in backticks, as everywhere in these texts. */
export const NOTES: readonly string[] = [
  `\`-o table|wide|json|yaml\`: \`json\` and \`yaml\` are the shapes of the local API and change only by addition. With
  \`-o json\`, errors are JSON too, on standard error: \`{"error": {"code": …, "message": …}}\`.`,
  `Flags of \`control\` and \`agent\` are also keys of their YAML file and, in capitals, environment variables:
  \`--pod-cidr\` = \`pod-cidr:\` = \`WARREN_POD_CIDR\` (lists separated by commas). A flag wins over the environment, that
  over the file, that over the default; \`warren config print\` shows what is in force and why.`,
  "`--no-color` or `NO_COLOR=1` turns colours off; output that is not a terminal never has them.",
];

export const EXIT_CODES: readonly string[] = [
  "ok",
  "error",
  "usage",
  "not ready or timed out",
  "control plane or agent unreachable",
  "not authorised",
  "conflict",
  "partial",
];

/** The commands that do something, by group, both in the order of the table. */
export function commandGroups(commands: readonly CommandSpec[]): Map<CommandSpec["group"], readonly CommandSpec[]> {
  return Map.groupBy(
    commands.filter((spec) => spec.load),
    (spec) => spec.group,
  );
}

/** What stands behind the words of a command. */
export function usageTail(spec: CommandSpec): string {
  return [
    ...(spec.arguments ?? []).map(argumentTerm),
    ...(spec.flags.length > 0 ? ["[flags]"] : []),
    ...(spec.program ? [spec.program === "required" ? "-- PROGRAM [ARG…]" : "[-- PROGRAM [ARG…]]"] : []),
  ].join(" ");
}

/** A flag as it is typed, without its value. */
export function flagNames(flag: FlagSpec): string[] {
  return [...(flag.short ? [`-${flag.short}`] : []), `--${flag.name}`];
}

/** A description with the words there are to choose from. */
export function withChoices(spec: Pick<FlagSpec, "description" | "choices"> & Pick<ArgumentSpec, "suggests">): string {
  const { description, choices = spec.suggests ?? [] } = spec;
  return choices.length > 0 ? `${description}: ${choices.map((choice) => `\`${choice}\``).join(", ")}` : description;
}
