import { WarrenError } from "@warren/common/errors/warren-error.ts";

export const SUITES = ["path", "stages", "rest", "pod-add"] as const;
export type SuiteName = (typeof SUITES)[number];

export interface BenchOptions {
  readonly action: "run" | "report" | "list" | "help";
  readonly suites: readonly SuiteName[];
  /** Null where the suite decides. */
  readonly rounds: number | null;
  readonly seconds: number | null;
  readonly quick: boolean;
  /** Of the underlay, one measurement of `path` for each. */
  readonly mtus: readonly number[];
  /** Names of works; null for all. */
  readonly only: readonly string[] | null;
  /** Names of systems; null for all. */
  readonly systems: readonly string[] | null;
  /** `-` for standard output instead of the table; a file name for both; null for none. */
  readonly json: string | null;
  /** File for the page; null for none. */
  readonly html: string | null;
  /** Tables for docs/benchmarks.md instead of the text. */
  readonly markdown: boolean;
  /** Kept JSON that is shown again, with action `report`. */
  readonly report: string | null;
}

export const HELP = `Usage: npm run bench -- SUITE [options]
       npm run bench -- report FILE.json [--html FILE] [--markdown] [--json [FILE]]

Measures Warren next to raw veth, the kernel's VXLAN, wireguard-go, Nebula and
boringtun on the same two namespaces, in one run. Needs root. The first run
builds the newest release of each peer that this machine's Go and Rust can
build, and keeps it in ~/.cache/warren/peers; --list tells which.

Suites:
  path       throughput, small packets, latency, short connections and what
             they cost, between two hosts: about 20 minutes, at one MTU
  stages     what each stage of the packet path costs on a live mesh, with one
             stream, a flood of small packets and single packets
  rest       memory and CPU time of an agent with three peers and nothing to do
  pod-add    how long \`warren pod add\` takes
  all        all of them
  report     measures nothing: shows what a run with --json FILE.json has kept

Options:
  --quick            two short rounds of the most telling works; \`path\` ends
                     in less than two minutes once the peers are built
  --rounds N         how often everything is measured (default 5, with --quick 2)
  --seconds S        length of one measured run (default 3, with --quick 1)
  --mtu BYTES,…      of the underlay of \`path\`, each measured by itself
                     (default 1500; 1500,9000 takes twice as long)
  --only WORK,…      only these works of \`path\` or \`stages\`
  --systems NAME,…   only these systems of \`path\`
  --json [FILE]      JSON with every sample: to FILE next to the table, or instead of it
  --html FILE        one page with plots, in FILE, next to the table
  --markdown         tables in Markdown instead of text
  --list             names of suites, systems and works, and the release of each peer
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
  let mtus: number[] = [1500];
  let html: string | null = null;
  let markdown = false;
  let report: string | null = null;

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
        only = list(flag, value("names of works"));
        break;
      case "--systems":
        systems = list(flag, value("names of systems"));
        break;
      case "--mtu":
        mtus = list(flag, value("an MTU")).map((text) => wholeNumber(flag, text, 1280, 9000));
        break;
      case "--json":
        json = words[0] === undefined || words[0].startsWith("-") || isSuite(words[0]) ? "-" : words.shift()!;
        break;
      case "--html":
        html = value("a file name");
        break;
      case "--markdown":
        markdown = true;
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
        if (suites.length > 0 || action === "report") throw usage(`"${flag}" is one suite too many`);
        if (flag === "report") {
          action = "report";
          report = value("the file that --json wrote");
          break;
        }
        if (!isSuite(flag)) throw usage(`unknown suite "${flag}": expected ${SUITES.join(", ")} or all`);
        suites = flag === "all" ? SUITES : [flag];
    }
  }
  if (action === "run" && suites.length === 0) throw usage(`name a suite: ${SUITES.join(", ")} or all`);
  return { action, suites, rounds, seconds, quick, mtus, only, systems, json, html, markdown, report };
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

function list(flag: string, text: string): string[] {
  const items = text.split(",").filter((item) => item !== "");
  if (items.length === 0) throw usage(`${flag} needs at least one`);
  return items;
}
