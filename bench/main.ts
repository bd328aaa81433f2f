/** `npm run bench`: reads the command line, runs suites, prints a report. The method is in docs/benchmarks.md. */
import { constants } from "node:os";
import { WarrenError } from "@warren/common/errors/warren-error.ts";
import { ensureHostTools } from "../scripts/host-tools.ts";
import { watchMachine } from "./machine.ts";
import { HELP, parseOptions, pick, SUITES, type SuiteName } from "./options.ts";
import { evaluate } from "./report/evaluate.ts";
import { checkOutputs, publish } from "./report/publish.ts";
import { readReport } from "./report/read-report.ts";
import { FORMAT, type SuiteResult } from "./report/report.ts";
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
  if (options.action === "list") return print(await list(signal));
  checkOutputs(options);
  if (options.report !== null) return print(publish(readReport(options.report), options));
  if (process.getuid?.() !== 0) throw new WarrenError("not-root", "the bench makes network namespaces: run it as root");
  // What is wrong with the command line is told before anything is installed, built or measured.
  pick("system", ALL_SYSTEMS, options.systems);
  pick("work", allWorks("sockperf"), options.only);

  await ensureHostTools(["ip", "bridge", "nsenter", "nft", "ping", "iperf3"]);
  const works = allWorks(await latencyTool());
  const started = new Date().toISOString();
  const describeMachine = await watchMachine(["iperf3", "sockperf"], signal);
  const suites: SuiteResult[] = [];
  for (const suite of options.suites.flatMap((name) => suitesOf(name, works, options.mtus)))
    suites.push(evaluate(await suite({ options, signal, progress })));
  const command = ["npm run bench --", ...args].join(" ");
  print(publish({ format: FORMAT, started, command, machine: describeMachine(), suites }, options));
  return suites.some(({ failures }) => failures.length > 0) ? PARTIAL : 0;
}

function suitesOf(name: SuiteName, works: readonly Work[], mtus: readonly number[]): readonly Suite[] {
  switch (name) {
    case "path":
      return mtus.map((mtu) => pathSuite(works, mtu));
    case "stages":
      return [stagesSuite(works)];
    case "rest":
      return [restSuite];
    case "pod-add":
      return [podAddSuite];
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

/** All at once: most of the time is spent waiting for registries. */
async function list(signal: AbortSignal): Promise<string> {
  const described = await Promise.all(
    ALL_SYSTEMS.map(async ({ name, about, describe }) => [name, `${about}: ${await describe(signal)}`] as const),
  );
  const lines = (title: string, items: readonly (readonly [string, string])[]) => [
    `${title}:`,
    ...items.map(([name, about]) => `  ${name.padEnd(14)}${about}`),
  ];
  return `${[
    `suites:  ${SUITES.join("  ")}  all`,
    ...lines("systems of path", described),
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
