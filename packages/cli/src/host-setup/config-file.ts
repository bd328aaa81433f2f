import { stringify } from "yaml";
import type { FlagSpec } from "../command-spec.ts";

/** Values by flag name, as the YAML file shall have them. */
export type Settings = Readonly<Record<string, string | number | boolean | readonly string[]>>;

/**
 * A configuration file with exactly these settings, each below the description of its flag. What is not given keeps
 * Warren's default, also when that changes with a later version.
 * @param command that writes it, such as `warren join`
 */
export function formatConfig(
  command: string,
  service: "agent" | "control",
  flags: readonly FlagSpec[],
  settings: Settings,
): string {
  const blocks = flags.flatMap(({ name, description }) => {
    const value = settings[name];
    return value === undefined ? [] : [`\n# ${description}\n${stringify({ [name]: value })}`];
  });
  const head = [
    `# Written by \`${command}\`. Keys are the flags of \`warren ${service}\` (see its --help).`,
    `# After a change: systemctl restart warren-${service}. All values, and where each is from: warren config print ${service}`,
  ];
  return `${head.join("\n")}\n${blocks.join("")}`;
}
