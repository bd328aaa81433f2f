import { accessSync, constants as modes, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { EXIT } from "@warren/common/errors/codes.ts";
import { WarrenError } from "@warren/common/errors/warren-error.ts";
import { type Clock, systemClock } from "@warren/common/runtime/clock.ts";
import { type CommandContext, integerFlag, print, textFlag } from "../context.ts";
import { parseDuration } from "../input/duration.ts";
import { renderJunit } from "../mesh-test/junit.ts";
import { MESH_TESTS } from "../mesh-test/mesh-tests.ts";
import { pacedMesh } from "../mesh-test/paced-mesh.ts";
import type { MeshTestReport } from "../mesh-test/result.ts";
import { runTests } from "../mesh-test/run-tests.ts";
import { selectNames } from "../mesh-test/select-tests.ts";
import { openSocketMesh } from "../mesh-test/socket-mesh.ts";
import { TEST_NAMES } from "../mesh-test/test-names.ts";
import { formatMeshTest } from "../output/mesh-test.ts";
import { Progress } from "../output/progress.ts";
import { formatTable } from "../output/table.ts";
import { VERSION } from "../version.ts";

/** What a shell calls an end by ctrl-C. */
const INTERRUPTED = 130;
const DEFAULT_TIMEOUT_MS = 600_000;
const DEFAULT_PODS = 3;
const DEFAULT_PAIRS = 2500;
/** Timers that keep the process up: while it waits for the next look, nothing else does. */
const clock: Clock = {
  ...systemClock,
  after(delayMs, fn) {
    const timer = setTimeout(fn, delayMs);
    return () => clearTimeout(timer);
  },
};

export async function run(context: CommandContext): Promise<number> {
  const tests = selectNames(TEST_NAMES, patternsOf(context)).map((name) => MESH_TESTS[name]);
  if (context.flags["list"] === true) {
    const list = tests.map(({ name, about }) => ({ name, about }));
    await print(context, list, (wide) => formatTable(LIST_COLUMNS, list, wide));
    return EXIT.ok;
  }
  const junitFile = textFlag(context, "junit-file");
  if (junitFile !== undefined) checkDirectory(junitFile);
  const report = await runInterruptibly(context, async (signal) => {
    const progress = new Progress(context);
    const mesh = await openSocketMesh(context, clock, signal);
    try {
      return await runTests({
        ...{ tests, clock, signal, version: VERSION, mesh: pacedMesh(mesh, clock) },
        extent: {
          podsPerNode: integerFlag(context, "pods", 1, 1000) ?? DEFAULT_PODS,
          pairs: integerFlag(context, "pairs", 1, 1_000_000) ?? DEFAULT_PAIRS,
        },
        timeoutMs: timeoutOf(context),
        onProgress: progress.show,
        onResult: ({ test, verdict }) => {
          if (isForPeople(context)) context.note(`${test}: ${verdict}`);
        },
      });
    } finally {
      progress.end();
    }
  });
  if (report === null) return INTERRUPTED;
  if (junitFile !== undefined) writeFileSync(junitFile, renderJunit(report));
  await print(context, report, (wide) => formatMeshTest(report, wide, context.color));
  return exitCodeOf(report);
}

const LIST_COLUMNS = [
  { header: "TEST", cell: ({ name }: { name: string }) => name },
  { header: "PROVES-THAT", cell: ({ about }: { about: string }) => about },
];

/** A failure outweighs all; then what was not done for want of time; then nodes that nobody could ask. */
export function exitCodeOf({ failed, timedOut, silentNodes }: MeshTestReport): number {
  if (failed > 0) return EXIT.error;
  if (timedOut) return EXIT.notReady;
  return silentNodes.length > 0 ? EXIT.partial : EXIT.ok;
}

function patternsOf(context: CommandContext): string[] {
  return context.args.filter((arg) => arg !== undefined);
}

function timeoutOf(context: CommandContext): number {
  const text = textFlag(context, "timeout");
  return text === undefined ? DEFAULT_TIMEOUT_MS : parseDuration(text, "--timeout");
}

/** Without a terminal for a line that changes, and when nobody parses what comes out: plain lines. */
function isForPeople({ format, showLine }: CommandContext): boolean {
  return showLine === undefined && (format === "table" || format === "wide");
}

/** Null when the user ended it; what the test made for itself is gone then. */
async function runInterruptibly<T>(
  context: CommandContext,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T | null> {
  const aborter = new AbortController();
  const interrupt = () => aborter.abort(new WarrenError("timeout", "interrupted"));
  const signals = ["SIGINT", "SIGTERM"] as const;
  for (const name of signals) process.on(name, interrupt);
  try {
    return await work(aborter.signal);
  } catch (error) {
    if (!aborter.signal.aborted) throw error;
    context.note("interrupted: pods of the test are gone, or go by themselves within two minutes");
    return null;
  } finally {
    for (const name of signals) process.off(name, interrupt);
  }
}

function checkDirectory(file: string): void {
  try {
    accessSync(dirname(file), modes.W_OK);
  } catch (cause) {
    throw new WarrenError("usage", `--junit-file ${file}: its directory does not exist or may not be written`, {
      cause,
    });
  }
}
