import { randomBytes } from "node:crypto";
import type { ProbeAnswer, ProbePlace, ProbeTarget } from "@warren/common/api/ask.ts";
import type { Clock } from "@warren/common/runtime/clock.ts";
import { tryAsk } from "./answer.ts";
import { atMostAtOnce } from "./at-most-at-once.ts";
import { ASKED_AT_ONCE, PROBE_TIMEOUT_MS, TARGETS_AT_ONCE } from "./limits.ts";
import { type Listener, Listeners } from "./listeners.ts";
import type { MeshAsk } from "./mesh-ask.ts";
import type { Pairs } from "./pairs.ts";

/** Where probes start and end: a node, or a pod of it. */
export interface ProbeEnd {
  readonly node: string;
  readonly place: ProbePlace;
  /** As messages name it. */
  readonly label: string;
  readonly addresses: readonly string[];
}

export type Family = "IPv4" | "IPv6";

export function familyOf(address: string): Family {
  return address.includes(":") ? "IPv6" : "IPv4";
}

export type ProbeSize = Pick<ProbeTarget, "sendBytes" | "answerBytes">;

/** One probe and what became of it. */
export interface Probe {
  readonly from: ProbeEnd;
  readonly to: ProbeEnd;
  readonly address: string;
  readonly size: ProbeSize;
  readonly answer: ProbeAnswer;
}

export interface Probes extends Pairs<ProbeEnd> {
  readonly probes: readonly Probe[];
}

export interface ProbeOptions {
  readonly mesh: MeshAsk;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Of the probes of each pair; one as small as possible when left out. */
  readonly sizes?: (from: ProbeEnd, to: ProbeEnd) => readonly ProbeSize[];
  /** Only addresses of this family. */
  readonly family?: Family;
  readonly timeoutMs?: number;
  readonly tries?: number;
  readonly onProgress?: (share: number) => void;
}

/** A name of its own for every set of probes, which nobody can guess. */
export function newSession(): string {
  return randomBytes(16).toString("hex");
}

/** Sends probes between pairs; see `prober`. */
export async function probePairs(pairs: Pairs<ProbeEnd>, options: ProbeOptions): Promise<Probes> {
  return { ...pairs, probes: await prober(pairs.pairs, newSession(), options)() };
}

/**
 * A way to send probes between pairs, once or again and again: to every address of the second that has a family of the
 * first, one task for each sender and 64 targets, several senders at once. A pair that cannot be probed has probes that
 * `failed`, with the reason.
 */
export function prober(
  pairs: Pairs<ProbeEnd>["pairs"],
  session: string,
  options: ProbeOptions,
): () => Promise<readonly Probe[]> {
  const { mesh, clock, signal, onProgress } = options;
  const listeners = new Listeners(mesh, session, [...new Set(pairs.map(([, to]) => to))], clock, signal);
  const batches = batchesOf(plan(pairs, options));
  return async () => {
    let done = 0;
    const probes = await atMostAtOnce(ASKED_AT_ONCE, batches, async (batch) => {
      const sent = await sendBatch(batch, session, await listeners.current(), options);
      onProgress?.(++done / batches.length);
      return sent;
    });
    return probes.flat();
  };
}

type Planned = Omit<Probe, "answer">;

const SMALL: readonly ProbeSize[] = [{}];

function plan(pairs: Pairs<ProbeEnd>["pairs"], { sizes = () => SMALL, family }: ProbeOptions): Planned[] {
  return pairs.flatMap(([from, to]) =>
    to.addresses
      .filter((address) => from.addresses.some((own) => familyOf(own) === familyOf(address)))
      .filter((address) => family === undefined || familyOf(address) === family)
      .flatMap((address) => sizes(from, to).map((size) => ({ from, to, address, size }))),
  );
}

/** By sender, because one task has one. */
function batchesOf(planned: readonly Planned[]): Planned[][] {
  return [...Map.groupBy(planned, ({ from }) => from).values()].flatMap((ofSender) =>
    Array.from({ length: Math.ceil(ofSender.length / TARGETS_AT_ONCE) }, (_, index) =>
      ofSender.slice(index * TARGETS_AT_ONCE, (index + 1) * TARGETS_AT_ONCE),
    ),
  );
}

async function sendBatch(
  batch: readonly Planned[],
  session: string,
  listeners: ReadonlyMap<ProbeEnd, Listener>,
  { mesh, signal, timeoutMs = PROBE_TIMEOUT_MS, tries }: ProbeOptions,
): Promise<Probe[]> {
  const { node, place } = batch[0]!.from;
  const listened = batch.filter(({ to }) => listeners.get(to)!.port !== 0);
  const deaf = batch.filter(({ to }) => listeners.get(to)!.port === 0);
  const targets = listened.map(({ to, address, size }) => ({ address, port: listeners.get(to)!.port, ...size }));
  const task = { do: "send", session, from: place, targets, timeoutMs, ...(tries && { tries }) } as const;
  const { result, error } = targets.length === 0 ? { result: { answers: [] } } : await tryAsk(mesh, node, task, signal);
  return [
    ...listened.map((each, index) => ({
      ...each,
      answer: result?.answers[index] ?? failed(`${each.from.label} could not send: ${error?.message ?? "no result"}`),
    })),
    ...deaf.map((each) => ({
      ...each,
      answer: failed(`${each.to.label} could not listen: ${listeners.get(each.to)!.error}`),
    })),
  ];
}

function failed(error: string): ProbeAnswer {
  return { outcome: "failed", rttMs: null, tries: 0, seenAs: null, sentFrom: null, error };
}
