import type { TestPod } from "@warren/common/api/ask.ts";
import { spread } from "@warren/common/report/statistics.ts";
import { counted, formatMs } from "./figures.ts";
import { lookAtPair } from "./hints.ts";
import type { MeshTest, TestContext } from "./mesh-test.ts";
import { nodeEnd } from "./node-to-node.ts";
import { spreadOver } from "./pairs.ts";
import { podEnd } from "./pod-probes.ts";
import { newSession, prober } from "./probe.ts";
import { type Failure, type Finding, finding, skipped } from "./result.ts";
import { sleep } from "./sleep.ts";
import type { NodeView } from "./survey.ts";
import { withTestPods } from "./test-pods.ts";

/** By then a new pod must have been reached. */
const DEADLINE_MS = 10_000;
/** The pod's own time: the deadline, and what asking takes. */
const POD_SECONDS = 60;
const TRY_TIMEOUT_MS = 500;
const TRY_EVERY_MS = 20;
/** One after the other, so that they do not slow each other; of many nodes, some. */
const MOST_NODES = 25;

export const newPod: MeshTest = {
  name: "new-pod",
  about: "a new pod on every node is reached from another node at once",
  weight: 3,
  run: async (context) => {
    const { answered } = await context.survey();
    if (answered.length === 0) return skipped("no node answered");
    const hosts = spreadOver(answered, MOST_NODES);
    const arrivals: Arrival[] = [];
    for (const [index, host] of hosts.entries()) {
      context.progress(index / hosts.length, `a new pod on ${host.node.name}`);
      const next = answered[(answered.indexOf(host) + 1) % answered.length]!;
      arrivals.push(await measureArrival(context, host, next));
    }
    const survey = await context.survey();
    return evaluateNewPod(arrivals, answered.length, ({ node, from }) =>
      node === from
        ? `\`warren pod list\` and \`warren status\` on ${node}`
        : lookAtPair(context.mesh.cluster, survey, from, node),
    );
  },
};

/** A new pod, and how long it took until it was reached. */
interface Arrival {
  readonly node: string;
  /** Who reached for it: another node, or the same where there is no other. */
  readonly from: string;
  /** From asking for the pod until its address was told; null when it was not made. */
  readonly madeMs: number | null;
  /** From then until every address of it had answered; null when one never did. */
  readonly reachedMs: number | null;
  readonly error: string | null;
}

async function measureArrival(context: TestContext, host: NodeView, other: NodeView): Promise<Arrival> {
  const { clock } = context;
  const [node, from] = [host.node.name, other.node.name];
  const startMs = clock.monotonicMs();
  return withTestPods(context, [node], POD_SECONDS, async ([made]) => {
    if (made?.pod === undefined)
      return { node, from, madeMs: null, reachedMs: null, error: made?.error.message ?? "it was not made" };
    const madeMs = clock.monotonicMs() - startMs;
    const { reachedMs, error } = await untilReached(context, node, made.pod, other);
    return { node, from, madeMs, reachedMs, error };
  });
}

async function untilReached(
  { mesh, clock, signal }: TestContext,
  node: string,
  pod: TestPod,
  other: NodeView,
): Promise<Pick<Arrival, "reachedMs" | "error">> {
  const startMs = clock.monotonicMs();
  const options = { mesh, clock, signal, timeoutMs: TRY_TIMEOUT_MS };
  const send = prober([[nodeEnd(other), podEnd(node, pod)]], newSession(), options);
  for (;;) {
    const probes = await send();
    const elapsedMs = clock.monotonicMs() - startMs;
    const waiting = probes.filter(({ answer }) => answer.outcome !== "answered");
    if (probes.length > 0 && waiting.length === 0) return { reachedMs: elapsedMs, error: null };
    if (elapsedMs >= DEADLINE_MS) {
      const why = waiting[0]?.answer.error;
      const what = `no answer from ${waiting.map(({ address }) => address).join(", ") || "it"}`;
      return { reachedMs: null, error: why ? `${what}: ${why}` : what };
    }
    await sleep(TRY_EVERY_MS, clock, signal);
  }
}

/** Fails only for what was not reached at all: how long is long is the reader's to say. */
function evaluateNewPod(arrivals: readonly Arrival[], nodes: number, hint: (arrival: Arrival) => string): Finding {
  const reached = arrivals.filter(({ reachedMs }) => reachedMs !== null);
  const reach = spread(reached.map(({ reachedMs }) => reachedMs!));
  const total = spread(reached.map(({ madeMs, reachedMs }) => madeMs! + reachedMs!));
  const failures = arrivals.filter(({ reachedMs }) => reachedMs === null).map((arrival) => failureOf(arrival, hint));
  const notes = [
    ...(arrivals.length < nodes ? [`tried on ${arrivals.length} of ${nodes} nodes, spread over all`] : []),
    ...(nodes === 1 ? ["there is one node only: it reached for its own pod"] : []),
  ];
  const times =
    reached.length === 0
      ? ""
      : `: median ${formatMs(reach.median)}, at most ${formatMs(reach.max)}, after it was made; at most ${formatMs(total.max)} with making it`;
  const figures = {
    pods: arrivals.length,
    reached: reached.length,
    ...(reached.length > 0 && {
      ...{ medianReachedMs: Math.round(reach.median), maxReachedMs: Math.round(reach.max) },
      ...{ medianTotalMs: Math.round(total.median), maxTotalMs: Math.round(total.max) },
    }),
  };
  return finding(`${reached.length} of ${counted(arrivals.length, "new pod")} reached${times}`, failures, {
    figures,
    notes,
  });
}

function failureOf(arrival: Arrival, hint: (arrival: Arrival) => string): Failure {
  const { node, from, madeMs, error } = arrival;
  if (madeMs === null)
    return {
      subject: node,
      problem: `could not make a pod: ${error}`,
      next: `\`warren pod add try\` and \`warren ipam\` on ${node}`,
    };
  return {
    subject: `${from} → a new pod on ${node}`,
    problem: `not reached within ${formatMs(DEADLINE_MS)}: ${error}`,
    next: hint(arrival),
  };
}
