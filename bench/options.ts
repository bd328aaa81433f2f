import { WarrenError } from "@warren/common/errors/warren-error.ts";

export const SUITES = ["path", "stages", "rest", "pod-add"] as const;
export type SuiteName = (typeof SUITES)[number];

export interface BenchOptions {
  readonly action: "run" | "list" | "help";
  readonly suites: readonly SuiteName[];
  /** Null where the suite decides. */
  readonly rounds: number | null;
  readonly seconds: number | null;
  readonly quick: boolean;
  /** Names of works; null for all. */
  readonly only: readonly string[] | null;
  /** Names of systems; null for all. */
  readonly systems: readonly string[] | null;
  /** `-` for standard output instead of the table; a file name for both; null for none. */
  readonly json: string | null;
}

export const HELP = `Usage: npm run bench -- SUITE [options]

Measures Warren next to raw veth and the kernel's VXLAN on the same two namespaces, in one run. Needs root.

Suites:
  path       throughput, small packets and latency between two hosts
  stages     what each stage of the packet path costs on a live mesh, with three kinds of traffic
  rest       memory and CPU time of an agent with three peers and nothing to do
  pod-add    how long \`warren pod add\` takes
  all        all of them

Options:
  --quick            three short rounds; \`path\` ends in less than two minutes
  --rounds N         how often everything is measured (default 5)
  --seconds S        length of one measured run (default 5, with --quick 1)
  --only WORK,…      only these works of \`path\` or \`stages\`
  --systems NAME,…   only these systems of \`path\`
  --json [FILE]      JSON with every sample: to FILE next to the table, or instead of it
  --list             names of suites, systems and works
  --help             this text

Example:
  npm run bench -- path --only tcp-1,latency --rounds 9 --json result.json
`;

const usage = (message: string) => new WarrenError("usage", `${message}; see npm run bench -- --help`);

/** Reads the command line, without the program's own name. Throws `usage` with one line. */
export function parseOptions(args: readonly string[]): BenchOptions {
  let action: BenchOptions["action"] = "run";
  let suites: readonly SuiteName[] = [];
  let rounds: number | null = null;
  let seconds: number | null = null;
  let quick = false;
  let only: string[] | null = null;
  let systems: string[] | null = null;
  let json: string | null = null;

  const words = args.flatMap((arg) => (/^--[a-z]+=/.test(arg) ? splitOnce(arg) : [arg]));
  for (let word = words.shift(); word !== undefined; word = words.shift()) {
    const flag = word;
    const value = (what: string): string => {
      const next = words.shift();
      if (next === undefined || next.startsWith("-")) throw usage(`${flag} needs ${what}`);
      return next;
    };
    switch (flag) {
      case "--quick":
        quick = true;
        break;
      case "--rounds":
        rounds = wholeNumber(flag, value("a number"), 1, 1000);
        break;
      case "--seconds":
        seconds = wholeNumber(flag, value("a number"), 1, 3600);
        break;
      case "--only":
        only = names(flag, value("names of works"));
        break;
      case "--systems":
        systems = names(flag, value("names of systems"));
        break;
      case "--json":
        json = words[0] === undefined || words[0].startsWith("-") || isSuite(words[0]) ? "-" : words.shift()!;
        break;
      case "--list":
        action = "list";
        break;
      case "-h":
      case "--help":
        action = "help";
        break;
      default:
        if (flag.startsWith("-")) throw usage(`unknown option ${flag}`);
        if (suites.length > 0) throw usage(`"${flag}" is one suite too many`);
        if (!isSuite(flag)) throw usage(`unknown suite "${flag}": expected ${SUITES.join(", ")} or all`);
        suites = flag === "all" ? SUITES : [flag];
    }
  }
  if (action === "run" && suites.length === 0) throw usage(`name a suite: ${SUITES.join(", ")} or all`);
  return { action, suites, rounds, seconds, quick, only, systems, json };
}

/** The items with these names, in their own order; all of them for null. Throws `usage` for a name that is not there. */
export function pick<T extends { readonly name: string }>(
  what: string,
  items: readonly T[],
  wanted: readonly string[] | null,
): readonly T[] {
  if (wanted === null) return items;
  const unknown = wanted.find((name) => items.every((item) => item.name !== name));
  if (unknown !== undefined)
    throw usage(`unknown ${what} "${unknown}": expected ${items.map(({ name }) => name).join(", ")}`);
  return items.filter(({ name }) => wanted.includes(name));
}

const isSuite = (word: string): word is SuiteName | "all" => word === "all" || SUITES.some((suite) => suite === word);

function splitOnce(arg: string): [string, string] {
  const at = arg.indexOf("=");
  return [arg.slice(0, at), arg.slice(at + 1)];
}

function wholeNumber(flag: string, text: string, min: number, max: number): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || value < min || value > max)
    throw usage(`${flag} ${text}: expected a whole number from ${min} to ${max}`);
  return value;
}

function names(flag: string, text: string): string[] {
  const list = text.split(",").filter((name) => name !== "");
  if (list.length === 0) throw usage(`${flag} needs at least one name`);
  return list;
}
