import { formatDuration } from "@warren/common/report/duration.ts";
import { spread } from "@warren/common/report/statistics.ts";
import { formatMs } from "./figures.ts";
import { lookAtNode } from "./hints.ts";
import type { MeshTest, TestContext } from "./mesh-test.ts";
import { type Failure, type Finding, finding, skipped } from "./result.ts";
import { sleep } from "./sleep.ts";
import { type NodeView, type Survey, takeSurvey } from "./survey.ts";

/** How long agents may take to have the same revision: a change is everywhere within a second, unless one hangs. */
const SETTLE_MS = 10_000;
const SETTLE_EVERY_MS = 500;
/** A connected agent hears from the control plane every few seconds. */
const OLD_SECONDS = 60;
const CLOCK_OFF_MS = 30_000;

export const controlPlane: MeshTest = {
  name: "control-plane",
  about: "agents are connected, know the same mesh, have valid certificates and the right time",
  weight: 1,
  run: async (context) => evaluateControlPlane(await settled(context), context.mesh.asker),
};

/** The survey, taken again for as long as a change may still be on its way. */
async function settled(context: TestContext): Promise<Survey> {
  const { mesh, clock, signal, progress } = context;
  const deadlineMs = clock.monotonicMs() + SETTLE_MS;
  for (let survey = await context.survey(); ; survey = await takeSurvey(mesh, clock, signal)) {
    const revisions = new Set(survey.answered.map(({ status }) => status.netmap.revision));
    if (revisions.size <= 1 || clock.monotonicMs() >= deadlineMs) return survey;
    progress(0.5, `agents at revisions ${[...revisions].sort((a, b) => a - b).join(", ")}`);
    await sleep(SETTLE_EVERY_MS, clock, signal);
  }
}

/** @param asker name of the asking node, whose clock stands for this host's; null on the control plane */
function evaluateControlPlane({ answered }: Survey, asker: string | null): Finding {
  if (answered.length === 0) return skipped("no node answered");
  const revision = Math.max(...answered.map(({ status }) => status.netmap.revision));
  const clocks = judgeClocks(answered, asker);
  const failures = [...answered.flatMap((view) => stateFailures(view, revision)), ...clocks.failures];
  const oldest = Math.max(...answered.map(({ status }) => status.netmap.ageSeconds));
  const notes = answered.flatMap(({ node, status }) => status.warnings.map((warning) => `${node.name}: ${warning}`));
  const inStep = answered.filter(({ status }) => status.netmap.revision === revision).length;
  const proven = `${inStep} of ${answered.length} at revision ${revision}, heard at most ${oldest} s ago, clocks within ${formatMs(clocks.widestMs)}`;
  const figures = { revision, inStep, oldestSeconds: oldest, clocksWithinMs: Math.round(clocks.widestMs) };
  return finding(proven, failures, { figures, notes });
}

function stateFailures({ node, status, nowMs }: NodeView, revision: number): Failure[] {
  const { netmap, control } = status;
  const problems: string[] = [];
  if (!status.ready) problems.push(`is not ready: ${status.warnings[0] ?? "it does not say why"}`);
  if (!control.connected)
    problems.push(`is not connected to the control plane at ${control.address}: ${control.error ?? "trying"}`);
  if (netmap.revision !== revision)
    problems.push(`is behind: it knows revision ${netmap.revision} of the mesh, others ${revision}`);
  if (netmap.ageSeconds > OLD_SECONDS || netmap.source === "disk")
    problems.push(`forwards by what it knew ${formatDuration(netmap.ageSeconds * 1000)} ago, from ${netmap.source}`);
  const failures = problems.map((problem) => ({ subject: node.name, problem, next: lookAtNode(node) }));
  const expired = nowMs - Date.parse(status.certificateExpires);
  if (expired < 0) return failures;
  const problem = `its certificate expired ${formatDuration(expired)} ago, by its own clock`;
  const next = `is its clock right (\`date -u\` on ${node.name})? Else \`warren token create\`, and restart its agent with --token`;
  return [...failures, { subject: node.name, problem, next }];
}

interface Clocks {
  /** Between the two that are farthest apart. */
  readonly widestMs: number;
  readonly failures: readonly Failure[];
}

interface HostClock {
  readonly host: string;
  /** Of the asking host's clock; exact to `exactMs`. */
  readonly aheadMs: number;
  readonly exactMs: number;
}

/**
 * Two clocks that differ do not tell which is wrong; among three or more the one in the middle is taken to be right. With
 * fewer it is the asking host's: on the control plane, that is the one certificates go by.
 */
function judgeClocks(answered: readonly NodeView[], asker: string | null): Clocks {
  const here: HostClock = { host: asker ?? "the control plane", aheadMs: 0, exactMs: 0 };
  const others = answered
    .filter(({ node }) => node.name !== asker)
    .map(({ node, clockAheadMs, askedMs }) => ({ host: node.name, aheadMs: clockAheadMs, exactMs: askedMs / 2 }));
  const clocks = [here, ...others];
  const { min, max, median } = spread(clocks.map(({ aheadMs }) => aheadMs));
  const byMajority = clocks.length >= 3;
  const [rightMs, whose] = byMajority ? [median, "the others'"] : [0, `${here.host}'s`];
  const off = clocks.filter(({ aheadMs, exactMs }) => Math.abs(aheadMs - rightMs) - exactMs > CLOCK_OFF_MS);
  return { widestMs: max - min, failures: off.map((each) => clockFailure(each, rightMs, whose)) };
}

function clockFailure({ host, aheadMs }: HostClock, rightMs: number, whose: string): Failure {
  const seconds = Math.round(Math.abs(aheadMs - rightMs) / 1000);
  const way = aheadMs > rightMs ? "ahead of" : "behind";
  return {
    subject: host,
    problem: `its clock is ${formatDuration(seconds * 1000)} ${way} ${whose}`,
    next: `time synchronisation on ${host}: \`timedatectl\`, \`chronyc tracking\`; certificates and leases go by the clock`,
  };
}
