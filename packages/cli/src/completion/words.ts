import type { CommandSpec, FlagSpec } from "../command-spec.ts";

/** What can stand after the words of one command. */
export interface CompletionPoint {
  /** Empty for `warren` itself. */
  readonly path: string;
  readonly subcommands: readonly CommandSpec[];
  readonly flags: readonly FlagSpec[];
  /** Values of the first argument that are known. */
  readonly choices: readonly string[];
}

const HELP: FlagSpec = { name: "help", short: "h", description: "explain the command" };

/** Every point of the command tree, for the generators of completion scripts. */
export function completionPoints(commands: readonly CommandSpec[]): CompletionPoint[] {
  const paths = ["", ...commands.map((spec) => spec.path)];
  return paths.map((path) => {
    const spec = commands.find((each) => each.path === path);
    const prefix = path === "" ? "" : `${path} `;
    return {
      path,
      subcommands: commands.filter(
        (each) => each.path.startsWith(prefix) && !each.path.slice(prefix.length).includes(" ") && each.path !== path,
      ),
      flags: [...(spec?.flags ?? []), HELP],
      choices: spec?.arguments?.[0]?.choices ?? spec?.arguments?.[0]?.suggests ?? [],
    };
  });
}

/** The last word of a command's path. */
export function lastWord(path: string): string {
  return path.slice(path.lastIndexOf(" ") + 1);
}

/** What a flag's value is completed with: its choices, file names, or nothing. */
export function valueKind(flag: FlagSpec): readonly string[] | "file" | "directory" | "none" {
  if (flag.choices) return flag.choices;
  if (flag.value === "DIR") return "directory";
  return flag.value === "FILE" ? "file" : "none";
}
