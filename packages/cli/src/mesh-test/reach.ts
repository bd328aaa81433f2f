import { spread } from "@warren/common/report/statistics.ts";
import { familyOf, type Probe, type Probes } from "./probe.ts";
import type { Failure } from "./result.ts";

/** What probes between pairs showed. */
export interface Reach {
  readonly sent: number;
  readonly answered: number;
  /** Answered, but only at a second or third try. */
  readonly late: number;
  readonly failures: readonly Failure[];
  readonly figures: Readonly<Record<string, number>>;
}

/**
 * Whether every probe was answered. What fails for a pair is one failure, whatever the number of its addresses; and where
 * nothing at all from or to one node passes, while others do, that is one failure too.
 */
export function evaluateReach({ pairs, probes }: Probes, hint: (probe: Probe) => string): Reach {
  const answered = probes.filter(({ answer }) => answer.outcome === "answered");
  const waits = answered.flatMap(({ answer }) => (answer.rttMs === null ? [] : [answer.rttMs]));
  const { median, max } = spread(waits);
  const late = answered.filter(({ answer }) => answer.tries > 1).length;
  return {
    sent: probes.length,
    answered: answered.length,
    late,
    failures: [...failuresOf(probes, hint), ...unprobed(pairs, probes)],
    figures: {
      probes: probes.length,
      answered: answered.length,
      answeredLate: late,
      // Until agents, busy with the test, had them: three to thirty times the round trip of a ping, so it is not called one.
      ...(waits.length > 0 && { medianAnswerMs: round(median), maxAnswerMs: round(max) }),
    },
  };
}

/** `12 of 12 probes answered`. */
export function describeReach({ sent, answered }: Reach): string {
  return `${answered} of ${sent} probes answered`;
}

export function lateNotes({ late }: Reach): string[] {
  return late === 0 ? [] : [`${late} probes were answered only when sent again: packets are lost on the way`];
}

function failuresOf(probes: readonly Probe[], hint: (probe: Probe) => string): Failure[] {
  const failing = probes.filter(({ answer }) => answer.outcome !== "answered");
  const cutOff = cutOffNodes(probes);
  const whole = [...cutOff].map((node): Failure => {
    const example = failing.find(({ from, to }) => isOf(node, from, to))!;
    return {
      subject: `${node} ↔ every other node`,
      problem: `nothing passes, in either direction; for one, ${example.from.label} → ${example.to.label}: ${describeFailing([example])}`,
      next: hint(example),
    };
  });
  const rest = failing.filter(({ from, to }) => !(cutOff.has(from.node) || cutOff.has(to.node)));
  const pairs = Map.groupBy(rest, ({ from, to }) => `${from.label} → ${to.label}`);
  return [...whole, ...[...pairs].map(([subject, ofPair]) => pairFailure(subject, ofPair, hint))];
}

/** Pairs for which there is no probe to send. */
function unprobed(pairs: Probes["pairs"], probes: readonly Probe[]): Failure[] {
  const probed = new Set(probes.map(({ from, to }) => `${from.label} → ${to.label}`));
  return pairs
    .map(([from, to]) => ({ subject: `${from.label} → ${to.label}`, node: to.node }))
    .filter(({ subject }) => !probed.has(subject))
    .map(({ subject, node }) => ({
      subject,
      problem: "cannot be tried: the two have no address of one family",
      next: `\`warren ipam\` on ${node}, and \`warren cluster get\` for the pools`,
    }));
}

/** Nodes of which no probe passes, in a mesh in which some do. */
function cutOffNodes(probes: readonly Probe[]): Set<string> {
  const between = probes.filter(({ from, to }) => from.node !== to.node);
  const names = [...new Set(between.flatMap(({ from, to }) => [from.node, to.node]))];
  if (names.length < 3 || !between.some(({ answer }) => answer.outcome === "answered")) return new Set();
  const lonely = names.filter((name) => {
    const its = between.filter(({ from, to }) => isOf(name, from, to));
    return its.every(({ answer }) => answer.outcome !== "answered");
  });
  return new Set(lonely);
}

function isOf(name: string, from: Probe["from"], to: Probe["to"]): boolean {
  return (from.node === name) !== (to.node === name);
}

function pairFailure(subject: string, probes: readonly Probe[], hint: (probe: Probe) => string): Failure {
  return { subject, problem: describeFailing(probes), next: hint(probes[0]!) };
}

/** `no answer to 3 tries over IPv4 and IPv6`. */
function describeFailing(probes: readonly Probe[]): string {
  const alike = Map.groupBy(probes, ({ answer }) => describeOutcome(answer));
  return [...alike]
    .map(([what, group]) => `${what} over ${[...new Set(group.map(({ address }) => familyOf(address)))].join(" and ")}`)
    .join("; ");
}

function describeOutcome({ outcome, tries, error }: Probe["answer"]): string {
  if (outcome === "lost") return `no answer to ${tries} ${tries === 1 ? "try" : "tries"}`;
  if (outcome === "too-long") return "refused by the sender's kernel as too long, although it is as small as can be";
  return error ?? "could not be sent";
}

function round(ms: number): number {
  return Math.round(ms * 1000) / 1000;
}
