import type { CaptureResult } from "@warren/common/api/ask.ts";
import { isSealed } from "@warren/common/net/cipher.ts";
import { tryAsk } from "./answer.ts";
import { atMostAtOnce } from "./at-most-at-once.ts";
import { counted } from "./figures.ts";
import { lookAtCapture, lookAtClearText, lookAtRoute } from "./hints.ts";
import type { MeshTest, TestContext } from "./mesh-test.ts";
import { fewNodes, nodeEnd } from "./node-to-node.ts";
import { orderedPairs, type Pairs, sampleOf } from "./pairs.ts";
import { newSession, type ProbeEnd, prober } from "./probe.ts";
import { type Failure, type Finding, finding, skipped } from "./result.ts";
import { sleep } from "./sleep.ts";
import { type Survey, viewOf } from "./survey.ts";

/** How long a node looks at its underlay. Probes are sent again and again meanwhile: when looking begins is not told. */
const CAPTURE_SECONDS = 2;
const ROUND_EVERY_MS = 200;
/** Less than a capture, so that a pair that does not answer does not hold up the others. */
const ROUND_TIMEOUT_MS = 600;
const CAPTURES_AT_ONCE = 4;

export const encryption: MeshTest = {
  name: "encryption",
  about: "what nodes send each other cannot be read on the underlay: looked at on the wire",
  weight: 4,
  run: async (context) => {
    const survey = await context.survey();
    if (survey.answered.length < 2) return skipped(fewNodes(survey));
    const pairs = orderedPairs(survey.answered.map(nodeEnd), context.extent.pairs);
    const sights = await captureAll(context, survey, pairs);
    const { cipher } = context.mesh.cluster;
    return isSealed(cipher) ? evaluateSealed(sights, pairs, cipher, survey) : evaluatePlain(sights, cipher);
  },
};

type Seen = CaptureResult["peers"][number];

/** What was seen on the sender's underlay of one ordered pair while probes ran. */
interface Sight {
  readonly from: string;
  readonly to: string;
  /** Probes that were answered meanwhile: so many passed at least, whatever was seen. */
  readonly answered: number;
  readonly interface: string;
  readonly seen: Seen | null;
  /** Why there is no capture. */
  readonly error: string | null;
}

async function captureAll(context: TestContext, survey: Survey, { pairs }: Pairs<ProbeEnd>): Promise<Sight[]> {
  const bySender = [...Map.groupBy(pairs, ([from]) => from)];
  let done = 0;
  const sights = await atMostAtOnce(CAPTURES_AT_ONCE, bySender, async ([from, itsPairs]) => {
    context.progress(done / bySender.length, `looking at the wire on ${from.label}`);
    const sight = await captureFrom(
      context,
      survey,
      from,
      itsPairs.map(([, to]) => to),
    );
    context.progress(++done / bySender.length, `looked at the wire on ${from.label}`);
    return sight;
  });
  return sights.flat();
}

/** One sender: it looks at its own underlay while it sends to the others, in a session of its own. */
async function captureFrom(
  { mesh, clock, signal }: TestContext,
  survey: Survey,
  from: ProbeEnd,
  targets: readonly ProbeEnd[],
): Promise<Sight[]> {
  const session = newSession();
  const peers = targets.map(({ node }) => viewOf(survey, node).node.underlayAddress);
  const answered = new Map(targets.map(({ node }) => [node, 0]));
  let isLooking = true;
  const task = { do: "capture", session, peers, seconds: CAPTURE_SECONDS } as const;
  const capture = tryAsk(mesh, from.node, task, signal).finally(() => {
    isLooking = false;
  });
  // What ends the sending also ends the capture: awaited below, so never unhandled.
  capture.catch(() => {});
  const send = prober(
    targets.map((to) => [from, to]),
    session,
    { mesh, clock, signal, timeoutMs: ROUND_TIMEOUT_MS },
  );
  while (isLooking) {
    for (const { to, answer } of await send())
      if (answer.outcome === "answered") answered.set(to.node, answered.get(to.node)! + 1);
    await sleep(ROUND_EVERY_MS, clock, signal);
  }
  const { result, error } = await capture;
  return targets.map(({ node }, index) => ({
    ...{ from: from.node, to: node, answered: answered.get(node)! },
    interface: result?.interface ?? "",
    seen: result?.peers.find(({ address }) => address === peers[index]) ?? null,
    error: error?.message ?? null,
  }));
}

/** In a sealed cluster: sealed datagrams were seen of every pair, nothing of it could be read, and nothing else was seen. */
function evaluateSealed(sights: readonly Sight[], pairs: Pairs<unknown>, cipher: string, survey: Survey): Finding {
  const failures = sights.flatMap((sight) => sealedFailures(sight, survey));
  const failing = new Set(failures.map(({ subject }) => subject));
  const shown = sights.filter((sight) => !failing.has(subjectOf(sight)));
  const { wireguard, readable } = totals(sights);
  const proven = `${shown.length} of ${counted(sights.length, "pair")}${sampleOf(pairs)} sealed with ${cipher}: ${counted(wireguard, "sealed datagram")} looked at, ${readable} readable`;
  return finding(proven, failures, { figures: { pairs: sights.length, ...totals(sights) } });
}

function sealedFailures(sight: Sight, survey: Survey): Failure[] {
  const { from, to, seen, answered } = sight;
  const fail = (problem: string, next: string): Failure[] => [{ subject: subjectOf(sight), problem, next }];
  if (sight.error !== null) return fail(`not shown: ${from} could not look: ${sight.error}`, lookAtCapture(from));
  if (seen !== null && seen.readable > 0)
    return fail(
      `the content of ${counted(seen.readable, "packet")} could be read on ${sight.interface}: ${shapes(seen)}`,
      lookAtClearText(from, to),
    );
  if (seen !== null && seen.vxlan + seen.direct > 0)
    return fail(
      `packets that are not sealed were seen on ${sight.interface}: ${shapes(seen)}`,
      lookAtClearText(from, to),
    );
  if (answered === 0)
    return fail("not shown: no probe passed, so there was nothing to look at", "`warren test node-to-node` first");
  if (seen === null || seen.wireguard === 0)
    return fail(
      `not shown: ${counted(answered, "probe")} passed, and no sealed datagram was seen on ${sight.interface}: they took another way`,
      lookAtRoute(survey, from, to),
    );
  return [];
}

/** In a plain cluster nothing is sealed, as asked for; the look at the wire shows that it would have been seen. */
function evaluatePlain(sights: readonly Sight[], cipher: string): Finding {
  const read = sights.filter(({ seen }) => seen !== null && seen.readable > 0);
  const { readable, vxlan, direct } = totals(sights);
  const ways = [...(vxlan > 0 ? ["VXLAN"] : []), ...(direct > 0 ? ["plain routes"] : [])].join(" and ");
  const control =
    read.length > 0
      ? `the probes of ${read.length} of ${counted(sights.length, "pair")} were read on the wire${ways && `, in ${ways}`}`
      : "the probes were not read on the wire either, so the look at it shows nothing";
  const blind = sights.filter(({ error }) => error !== null);
  const notes = blind.slice(0, 1).map(({ from, error }) => `${from} could not look at its underlay: ${error}`);
  return {
    ...skipped(
      `not encrypted: cipher is ${cipher || "none"} (\`warren cluster set cipher=aes-256-gcm\` seals); ${control}`,
      notes,
    ),
    figures: { pairs: sights.length, pairsRead: read.length, vxlan, direct, readable },
  };
}

function totals(sights: readonly Sight[]) {
  const sum = (count: (seen: Seen) => number) => sights.reduce((all, { seen }) => all + (seen ? count(seen) : 0), 0);
  return {
    wireguard: sum((seen) => seen.wireguard),
    vxlan: sum((seen) => seen.vxlan),
    direct: sum((seen) => seen.direct),
    readable: sum((seen) => seen.readable),
  };
}

/** `3 VXLAN, 1 plain, 40 sealed`. */
function shapes({ vxlan, direct, wireguard, other }: Seen): string {
  const named = { VXLAN: vxlan, plain: direct, sealed: wireguard, "of another kind": other };
  return Object.entries(named)
    .filter(([, count]) => count > 0)
    .map(([name, count]) => `${count} ${name}`)
    .join(", ");
}

function subjectOf({ from, to }: Sight): string {
  return `${from} → ${to}`;
}
