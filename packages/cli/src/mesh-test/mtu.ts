import { counted } from "./figures.ts";
import { blackHole, lookAtMtu } from "./hints.ts";
import type { MeshTest, TestContext } from "./mesh-test.ts";
import { fewNodes, nodeEnd } from "./node-to-node.ts";
import { orderedPairs, sampleOf } from "./pairs.ts";
import { type Family, familyOf, type Probe, type ProbeEnd, type ProbeSize, type Probes, probePairs } from "./probe.ts";
import { type Failure, type Finding, finding, skipped } from "./result.ts";
import { type Survey, viewOf } from "./survey.ts";

/** For the packet that is expected to get no answer. */
const REFUSED_TIMEOUT_MS = 500;

export const mtu: MeshTest = {
  name: "mtu",
  about: "packets of exactly the overlay MTU pass unfragmented, both ways, and longer ones do not",
  weight: 2,
  run: async (context) => {
    const survey = await context.survey();
    if (survey.answered.length < 2) return skipped(fewNodes(survey));
    return evaluateMtu(await measureMtu(context, survey), survey, context.mesh.cluster.encapsulation === "always");
  },
};

interface MtuProbes {
  /** Of each pair and address three: as small as can be, full there and back, full only there. */
  readonly fitting: Probes;
  /** One byte more, there and back. */
  readonly longer: Probes;
}

/**
 * One long packet of a pair at a time: several of one length in a row may cross a virtual link as one large packet, which
 * no MTU holds back.
 */
async function measureMtu(context: TestContext, survey: Survey): Promise<MtuProbes> {
  const { mesh, clock, signal, extent } = context;
  const pairs = orderedPairs(survey.answered.map(nodeEnd), extent.pairs);
  const families: readonly Family[] = ["IPv4", "IPv6"];
  const rounds = families.flatMap((family) => [
    { family, sizesOf: (bytes: number) => [{}, bothWays(bytes)] },
    { family, sizesOf: (bytes: number) => [{ sendBytes: bytes }] },
  ]);
  const probes: Probe[] = [];
  for (const [index, { family, sizesOf }] of rounds.entries()) {
    const sizes = (from: ProbeEnd, to: ProbeEnd) => sizesOf(pathMtu(survey, from, to));
    const onProgress = (share: number) =>
      context.progress((index + share) / (rounds.length + 1), `packets of the overlay MTU over ${family}`);
    probes.push(...(await probePairs(pairs, { mesh, clock, signal, family, sizes, onProgress })).probes);
  }
  const longer = await probePairs(pairs, {
    ...{ mesh, clock, signal, timeoutMs: REFUSED_TIMEOUT_MS, tries: 1 },
    sizes: (from, to) => [bothWays(pathMtu(survey, from, to) + 1)],
  });
  return { fitting: { ...pairs, probes }, longer };
}

function bothWays(bytes: number): ProbeSize {
  return { sendBytes: bytes, answerBytes: bytes };
}

/** What both ends of a pair can take. */
function pathMtu(survey: Survey, from: ProbeEnd, to: ProbeEnd): number {
  return Math.min(overlayMtuOf(survey, from.node), overlayMtuOf(survey, to.node));
}

function overlayMtuOf(survey: Survey, node: string): number {
  return viewOf(survey, node).status.dataplane.overlayMtu;
}

/** @param neverLonger false where pairs may have plain routes, which carry what the underlay carries */
function evaluateMtu({ fitting, longer }: MtuProbes, survey: Survey, neverLonger: boolean): Finding {
  const found = new Findings();
  const byWay = Map.groupBy(fitting.probes, wayKey);
  for (const probes of byWay.values()) judgeFitting(found, probes, survey);
  const passed = longer.probes.filter(({ answer }) => answer.outcome === "answered");
  if (neverLonger) for (const probe of passed) judgeLonger(found, probe, survey);
  const sizes = [...new Set(fitting.pairs.map(([from, to]) => pathMtu(survey, from, to)))].sort((a, b) => a - b);
  const refused = longer.probes.length - passed.length;
  const fit = [...byWay.values()].filter((probes) =>
    probes.every(({ answer }) => answer.outcome === "answered"),
  ).length;
  const proven = `${counted(fitting.pairs.length, "pair")}${sampleOf(fitting)}: ${sizes.join(", ")} bytes passed on ${fit} of ${byWay.size} ways, one more was refused on ${refused}`;
  const notes =
    passed.length > 0 && !neverLonger ? [`one byte more passes on ${passed.length} ways: those have plain routes`] : [];
  const figures = {
    pairs: fitting.pairs.length,
    ways: byWay.size,
    fit,
    refused,
    smallest: sizes[0]!,
    largest: sizes.at(-1)!,
  };
  return finding(proven, found.failures(), { figures, notes });
}

/** A way: a pair in one direction, with one address. */
function wayKey({ from, to, address }: Probe): string {
  return `${from.label} → ${to.label} ${address}`;
}

/** Failures of directions; what is found of one twice, from both its ends or over both families, is one. */
class Findings {
  readonly #found = new Map<string, Failure & { readonly families: Set<string> }>();

  add(from: ProbeEnd, to: ProbeEnd, address: string, problem: string, next: string): void {
    const subject = `${from.label} → ${to.label}`;
    const key = `${subject} ${problem}`;
    const known = this.#found.get(key) ?? { subject, problem, next, families: new Set<string>() };
    known.families.add(familyOf(address));
    this.#found.set(key, known);
  }

  failures(): Failure[] {
    return [...this.#found.values()].map(({ families, problem, ...rest }) => ({
      ...rest,
      problem: `${problem} (${[...families].sort().join(" and ")})`,
    }));
  }
}

function judgeFitting(found: Findings, probes: readonly Probe[], survey: Survey): void {
  const small = probes.find(({ size }) => size.sendBytes === undefined)!;
  const full = probes.find(({ size }) => size.answerBytes !== undefined)!;
  const there = probes.find((probe) => probe !== small && probe !== full)!;
  const { from, to, address } = small;
  const bytes = there.size.sendBytes!;
  if (small.answer.outcome !== "answered") {
    const what = small.answer.error ?? "packets as small as can be get no answer";
    found.add(from, to, address, `not shown: ${what}`, "`warren test node-to-node` first");
  } else if (there.answer.outcome === "too-long") {
    const problem = `refused by ${from.node}'s own kernel: ${bytes} bytes, which its overlay MTU allows`;
    found.add(from, to, address, problem, lookAtMtu(from.node, address));
  } else if (there.answer.outcome !== "answered") {
    const problem = there.answer.error ?? lostProblem(bytes);
    found.add(from, to, address, problem, blackHole(survey, from.node, to.node));
  } else if (full.answer.error) {
    const problem = `what arrives at ${to.node} with ${bytes} bytes cannot be answered with as many: ${full.answer.error}`;
    found.add(to, from, address, problem, lookAtMtu(to.node, from.addresses[0]!));
  } else if (full.answer.outcome !== "answered") {
    // What was sent arrived, so the answer is what did not: the other direction.
    found.add(to, from, address, lostProblem(bytes), blackHole(survey, to.node, from.node));
  }
}

function lostProblem(bytes: number): string {
  return `packets of ${bytes} bytes get lost, small ones pass`;
}

function judgeLonger(found: Findings, { from, to, address, size }: Probe, survey: Survey): void {
  const problem = `${size.sendBytes} bytes passed in one piece, one more than the overlay MTU of ${pathMtu(survey, from, to)}`;
  found.add(from, to, address, problem, lookAtMtu(from.node, address));
}
