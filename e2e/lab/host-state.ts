/** What this machine's root namespace looks like, to prove that a lab left nothing behind in it. */
import { existsSync, readdirSync } from "node:fs";
import { tryRun } from "@warren/common/runtime/run.ts";

/** Every fact is one line of text with its kind in front, so that two states compare as two sets. */
export type HostState = ReadonlySet<string>;

/** Directories where an agent or control plane would write when it were not told its own. */
const DEFAULT_DIRECTORIES = ["/run/warren", "/var/lib/warren", "/etc/warren"];

export async function readHostState(): Promise<HostState> {
  const [links, routes4, routes6, rules4, rules6, tables] = await Promise.all([
    lines("ip", ["-o", "link", "show"]),
    lines("ip", ["-4", "route", "show", "table", "all"]),
    lines("ip", ["-6", "route", "show", "table", "all"]),
    lines("ip", ["-4", "rule", "show"]),
    lines("ip", ["-6", "rule", "show"]),
    lines("nft", ["list", "tables"]),
  ]);
  return new Set([
    // Index, name and peer; the flags and the queue state of a link change by themselves.
    ...links.map((line) => `link ${line.split(":").slice(0, 2).join(":")}`),
    ...[...routes4, ...routes6].map((line) => `route ${line.replace(/ expires \d+sec/, "")}`),
    ...[...rules4, ...rules6].map((line) => `rule ${line}`),
    ...tables.map((line) => `nft ${line}`),
    ...DEFAULT_DIRECTORIES.filter(existsSync).flatMap((directory) =>
      readdirSync(directory).map((entry) => `file ${directory}/${entry}`),
    ),
  ]);
}

/** What is in `after` and was not in `before`, less what comes and goes with no doing of ours. */
export function newSince(before: HostState, after: HostState): string[] {
  return [...after].filter((fact) => !before.has(fact)).sort();
}

async function lines(program: string, args: readonly string[]): Promise<string[]> {
  const { stdout } = await tryRun(program, args);
  return stdout
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "");
}
