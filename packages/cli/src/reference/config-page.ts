import type { ConfigKey } from "@warren/common/config/config-keys.ts";
import { envName } from "@warren/common/config/load-config.ts";
import { bold, entry, italic, page, paragraph, prose, section, verbatim } from "./roff.ts";
import type { Service } from "./service-keys.ts";

/** `warren-agent.yaml(5)` and `warren-control.yaml(5)`: the keys of a configuration file, as its schema has them. */
export function configPage(
  service: Service,
  keys: readonly ConfigKey[],
  { date, source }: { readonly date: string; readonly source: string },
): string {
  const file = `/etc/warren/${service}.yaml`;
  return page(`warren-${service}.yaml`, 5, date, source, [
    section("NAME", [`warren\\-${service}.yaml \\- configuration of warren ${service}\n`]),
    section("SYNOPSIS", [`${italic(file)}\n`]),
    section("DESCRIPTION", [
      paragraph(
        prose(
          `A YAML file of "key: value" lines. A key is the flag of \`warren ${service}\` without its dashes, and, in ` +
            "capitals behind `WARREN_`, an environment variable; lists are separated by commas there. A flag wins over the " +
            "environment, that over the file, that over the default. A key that is not known is refused.",
        ),
      ),
      paragraph(
        prose(
          `The file is read when it exists, or the one that \`--config\` or \`WARREN_CONFIG\` names. \`warren config print ` +
            `${service}\` shows what is in force and why.`,
        ),
      ),
    ]),
    section(
      "KEYS",
      keys.map((key) =>
        entry(bold(key.name), [
          prose(`${key.description}.`),
          ...(key.choices.length > 0 ? [prose(`One of ${key.choices.map((word) => `\`${word}\``).join(", ")}.`)] : []),
          prose(`${defaultOf(key)} \`${envName(key.name)}\`.${key.isReloadable ? " Taken at a reload." : ""}`),
        ]),
      ),
    ),
    section("RELOADING", [
      paragraph(
        prose(
          "SIGHUP, or `systemctl reload`, has the file read again. Keys that are taken at a reload say so above; for " +
            "others the log names those that changed and need a restart. A file that is not valid changes nothing.",
        ),
      ),
    ]),
    section("EXAMPLES", [verbatim(keys.filter(isTypical).map(line).join("\n"))]),
    section("SEE ALSO", [
      `${bold("warren")}(1),\n${bold(`warren-${service}`)}(1),\n${bold("warren-config-print")}(1)\n`,
    ]),
  ]);
}

function defaultOf(key: ConfigKey): string {
  if (key.isRequired) return "Required.";
  if (key.defaultIs !== undefined) return `Default: ${key.defaultIs}.`;
  return key.default === undefined ? "No default." : `Default: \`${text(key.default)}\`.`;
}

const REQUIRED_EXAMPLES: Readonly<Record<string, string>> = { control: "192.0.2.1:7443", underlay: "192.0.2.11" };

function isTypical(key: ConfigKey): boolean {
  return key.isRequired || key.kind === "array" || key.isReloadable;
}

function line(key: ConfigKey): string {
  return `${key.name}: ${REQUIRED_EXAMPLES[key.name] ?? text(key.default)}`;
}

function text(value: unknown): string {
  return Array.isArray(value) ? value.join(", ") : String(value);
}
