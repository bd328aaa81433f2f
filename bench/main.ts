/** `npm run bench`: reads the command line, runs suites, prints a report. The method is in docs/benchmarks.md. */
import { accessSync, constants as modes, writeFileSync } from "node:fs";
import { constants } from "node:os";
import { dirname } from "node:path";
import { WarrenError } from "@warren/common/errors/warren-error.ts";
import { ensureHostTools } from "../scripts/host-tools.ts";
import { watchMachine } from "./machine.ts";
import { type BenchOptions, HELP, parseOptions, pick, SUITES, type SuiteName } from "./options.ts";
import type { Report, SuiteResult } from "./report/report.ts";
import { renderReport } from "./report/table.ts";
import { pathSuite } from "./suites/path.ts";
import { podAddSuite } from "./suites/pod-add.ts";
import { restSuite } from "./suites/rest.ts";
import { stagesSuite } from "./suites/stages.ts";
import type { Suite } from "./suites/suite.ts";
import { ALL_SYSTEMS } from "./systems/registry.ts";
import { allWorks } from "./works/registry.ts";
import type { Work } from "./works/work.ts";

/** As exit code 7 of `warren`: a part was measured, and the report names what was not. */
const PARTIAL = 7;

const progress = (line: string): void => void process.stderr.write(`${line}\n`);

async function main(args: readonly string[], signal: AbortSignal): Promise<number> {
  const options = parseOptions(args);
  if (options.action === "help") return print(HELP);
  if (options.action === "list") return print(list());
  if (process.getuid?.() !== 0) throw new WarrenError("not-root", "the bench makes network namespaces: run it as root");
  // What is wrong with the command line is told before anything is installed, built or measured.
  pick("system", ALL_SYSTEMS, options.systems);
  pick("work", allWorks("sockperf"), options.only);
  checkWritable(options.json);

  await ensureHostTools(["ip", "bridge", "nsenter", "nft", "ping", "iperf3"]);
  const works = allWorks(await latencyTool());
  const started = new Date().toISOString();
  const describeMachine = await watchMachine(["iperf3", "sockperf"], signal);
  const suites: SuiteResult[] = [];
  for (const name of options.suites) suites.push(await suite(name, works)({ options, signal, progress }));
  const command = ["npm run bench --", ...args].join(" ");
  publish({ format: "warren-bench/1", started, command, machine: describeMachine(), suites }, options);
  return suites.some(({ failures }) => failures.length > 0) ? PARTIAL : 0;
}

function suite(name: SuiteName, works: readonly Work[]): Suite {
  switch (name) {
    case "path":
      return pathSuite(works);
    case "stages":
      return stagesSuite(works);
    case "rest":
      return restSuite;
    case "pod-add":
      return podAddSuite;
  }
}

/** sockperf answers in a program, as a service does; where it cannot be installed the kernel's ping answer must do. */
async function latencyTool(): Promise<"sockperf" | "ping"> {
  try {
    await ensureHostTools(["sockperf"]);
    return "sockperf";
  } catch (error) {
    if (!(error instanceof WarrenError)) throw error;
    progress(`latency is measured with ping instead of sockperf: ${error.message}`);
    return "ping";
  }
}

function checkWritable(json: string | null): void {
  if (json === null || json === "-") return;
  try {
    accessSync(dirname(json), modes.W_OK);
  } catch (cause) {
    throw new WarrenError("usage", `--json ${json}: its directory does not exist or may not be written`, { cause });
  }
}

function publish(report: Report, { json }: BenchOptions): void {
  const text = `${JSON.stringify(report, null, 2)}\n`;
  print(json === "-" ? text : renderReport(report));
  if (json !== null && json !== "-") writeFileSync(json, text);
}

function list(): string {
  const lines = (title: string, items: readonly (readonly [string, string])[]) => [
    `${title}:`,
    ...items.map(([name, about]) => `  ${name.padEnd(14)}${about}`),
  ];
  return `${[
    `suites:  ${SUITES.join("  ")}  all`,
    ...lines(
      "systems of path",
      ALL_SYSTEMS.map(({ name, about }) => [name, about]),
    ),
    ...lines(
      "works of path",
      allWorks("sockperf").map(({ name, figures }) => [name, figures.map(({ about }) => about).join("; ")]),
    ),
  ].join("\n")}\n`;
}

function print(text: string): number {
  process.stdout.write(text);
  return 0;
}

const controller = new AbortController();
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const)
  process.on(signal, () => {
    if (controller.signal.aborted) return;
    progress("stopping: everything is taken down first");
    controller.abort(signal);
  });

// The programs of a lab do not keep their owner's event loop open, and often nothing else is pending.
const alive = setInterval(() => {}, 60_000);
try {
  process.exitCode = await main(process.argv.slice(2), controller.signal);
} catch (thrown) {
  const stopped = controller.signal.aborted;
  const error = WarrenError.from(thrown);
  // After a stop only what stood in the way of taking everything down is news.
  if (!stopped || thrown instanceof WarrenError) progress(`bench: ${error.message}`);
  process.exitCode = stopped ? 128 + constants.signals[controller.signal.reason as NodeJS.Signals] : error.exitCode;
} finally {
  clearInterval(alive);
}
