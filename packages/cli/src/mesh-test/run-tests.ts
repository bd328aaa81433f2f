import { WarrenError } from "@warren/common/errors/warren-error.ts";
import type { Clock } from "@warren/common/runtime/clock.ts";
import { Measurements } from "./measurements.ts";
import type { MeshAsk } from "./mesh-ask.ts";
import type { Extent, MeshTest, TestContext } from "./mesh-test.ts";
import { type Finding, type MeshTestReport, skipped, type TestResult } from "./result.ts";

export interface RunOptions {
  readonly mesh: MeshAsk;
  readonly tests: readonly MeshTest[];
  readonly extent: Extent;
  readonly version: string;
  /** For all tests together; what is not done by then is not done. */
  readonly timeoutMs: number;
  readonly clock: Clock;
  /** The user's: aborts to end it at once. */
  readonly signal: AbortSignal;
  /** @param share of everything, 0 to 1 */
  readonly onProgress: (share: number, what: string) => void;
  readonly onResult: (result: TestResult) => void;
}

/**
 * Runs tests one after the other: what one sends would be in the way of another.
 * @throws the signal's reason when the user ends it; what a test throws beyond that is a defect
 */
export async function runTests(options: RunOptions): Promise<MeshTestReport> {
  const { mesh, tests, clock, version, timeoutMs } = options;
  const startedMs = clock.monotonicMs();
  const started = new Date(clock.nowMs()).toISOString();
  const limit = new AbortController();
  const cancel = clock.after(timeoutMs, () => limit.abort(new WarrenError("timeout", "the time limit ran out")));
  const signal = AbortSignal.any([options.signal, limit.signal]);
  const measured = new Measurements();
  const results: TestResult[] = [];
  try {
    for (const test of tests) {
      const context = contextOf(options, signal, measured, test);
      const testStartMs = clock.monotonicMs();
      const found = limit.signal.aborted ? notDone(timeoutMs) : await runOne(test, context, limit.signal, timeoutMs);
      const result = { test: test.name, about: test.about, ...found, seconds: secondsSince(testStartMs, clock) };
      results.push(result);
      options.onResult(result);
    }
    const { answered, silent } = await whoAnswered(
      measured,
      contextOf(options, signal, measured, tests[0]!),
      limit.signal,
    );
    const count = (verdict: Finding["verdict"]) => results.filter((each) => each.verdict === verdict).length;
    return {
      ...{ started, seconds: secondsSince(startedMs, clock), version },
      ...{ asker: mesh.asker, clusterId: mesh.cluster.id, cipher: mesh.cluster.cipher },
      ...{ nodes: answered, silentNodes: silent },
      ...{ passed: count("pass"), failed: count("fail"), skipped: count("skip") },
      timedOut: limit.signal.aborted,
      tests: results,
    };
  } finally {
    cancel();
  }
}

async function runOne(test: MeshTest, context: TestContext, limit: AbortSignal, timeoutMs: number): Promise<Finding> {
  try {
    return await test.run(context);
  } catch (thrown) {
    if (limit.aborted && thrown === limit.reason) return notDone(timeoutMs);
    throw thrown;
  }
}

function notDone(timeoutMs: number): Finding {
  return skipped(`not done: the time limit of ${timeoutMs / 1000} s ran out (--timeout)`);
}

function contextOf(options: RunOptions, signal: AbortSignal, measured: Measurements, test: MeshTest): TestContext {
  const { mesh, extent, clock, tests } = options;
  const weightOf = (some: readonly MeshTest[]) => some.reduce((sum, { weight }) => sum + weight, 0);
  const before = weightOf(tests.slice(0, tests.indexOf(test)));
  const context: TestContext = {
    ...{ mesh, extent, clock, signal },
    progress: (share, what) =>
      options.onProgress((before + share * test.weight) / weightOf(tests), `${test.name}: ${what}`),
    survey: () => measured.survey(context),
    nodeProbes: () => measured.nodeProbes(context),
    podProbes: () => measured.podProbes(context),
  };
  return context;
}

async function whoAnswered(measured: Measurements, context: TestContext, limit: AbortSignal) {
  const survey = await measured.survey(context).catch((thrown: unknown) => {
    if (limit.aborted) return { answered: [], silent: [] };
    throw thrown;
  });
  const names = (views: readonly { readonly node: { readonly name: string } }[]) => views.map(({ node }) => node.name);
  return { answered: names(survey.answered), silent: names(survey.silent) };
}

function secondsSince(startMs: number, clock: Clock): number {
  return Math.round(clock.monotonicMs() - startMs) / 1000;
}
