import type { ProbeAnswer, ProbeTarget, SendResult, SendTask } from "@warren/common/api/ask.ts";
import { WarrenError } from "@warren/common/errors/warren-error.ts";
import { formatEndpoint } from "@warren/common/net/endpoint.ts";
import type { Clock } from "@warren/common/runtime/clock.ts";
import { sleep } from "../control-client/retry.ts";
import { type Answer, encodeProbe, readAnswer, sessionMark } from "./probe-message.ts";
import type { ProbeEndpoint, ProbeNetwork, ProbeSocket } from "./probe-network.ts";
import type { ProbePacer } from "./probe-pacer.ts";
import type { FoundPlace } from "./probe-place.ts";
import { payloadLength } from "./probe-sizes.ts";

/** How often a probe is sent that nobody answers. */
export const DEFAULT_TRIES = 3;

export interface ProbeSenderOptions {
  readonly network: ProbeNetwork;
  readonly clock: Clock;
  readonly pacer: ProbePacer;
}

/** A probe that is under way: mutable, and of one task. */
interface Flight {
  readonly target: ProbeTarget;
  readonly socket: ProbeSocket | null;
  readonly sentFrom: string | null;
  /** When each try was sent. */
  readonly sentAtMs: number[];
  /** Why the last try could not be sent. */
  sendError: string | null;
  result: ProbeAnswer | null;
}

/**
 * Sends the probes of one task, from one socket of each family, and waits for their answers:
 *
 *     try 1 to every target ──▶ a third of the timeout after each, try 2 to those that did not answer ──▶ … ──▶ lost
 *
 * It ends early when every probe has its outcome.
 */
export async function sendProbes(
  options: ProbeSenderOptions,
  task: SendTask,
  from: FoundPlace,
  signal: AbortSignal,
): Promise<SendResult> {
  const session = sessionMark(task.session);
  const sockets = await openFor(options.network, task, from);
  const settled = new AbortController();
  const flights = task.targets.map((target): Flight => {
    const [sentFrom, socket] = sockets.find(([address]) => isSameFamily(address, target.address)) ?? [null, null];
    return { target, socket, sentFrom, sentAtMs: [], sendError: null, result: null };
  });
  let open = flights.length;
  const settle = (flight: Flight, outcome: ProbeAnswer["outcome"], more: Partial<ProbeAnswer> = {}): void => {
    if (flight.result) return;
    const tries = Math.max(1, flight.sentAtMs.length);
    flight.result = { outcome, rttMs: null, tries, seenAs: null, sentFrom: flight.sentFrom, ...more };
    open -= 1;
    if (open === 0) settled.abort();
  };

  for (const [, socket] of sockets)
    socket.onDatagram((payload, peer) => {
      const answer = readAnswer(payload, session);
      const flight = answer && flights[answer.number];
      // Only what answers a probe that was sent.
      const sentAtMs = flight?.sentAtMs[answer!.attempt];
      if (!answer || !flight || sentAtMs === undefined) return;
      if (flight.socket !== socket) return;
      const more = { rttMs: rounded(options.clock.monotonicMs() - sentAtMs), seenAs: answer.seenAddress };
      const fault = faultOf(answer, peer, flight.target);
      if (fault === null) settle(flight, "answered", more);
      else settle(flight, "failed", { ...more, error: fault });
    });

  const both = AbortSignal.any([signal, settled.signal]);
  try {
    await sendAll(options, task, session, flights, settle, both);
    signal.throwIfAborted();
    for (const flight of flights)
      if (flight.sendError === null) settle(flight, "lost");
      else settle(flight, "failed", { error: flight.sendError });
  } finally {
    for (const [, socket] of sockets) socket.close();
  }
  return { answers: flights.map((flight) => flight.result!) };
}

async function sendAll(
  { clock, pacer }: ProbeSenderOptions,
  task: SendTask,
  session: Uint8Array,
  flights: readonly Flight[],
  settle: (flight: Flight, outcome: ProbeAnswer["outcome"], more?: Partial<ProbeAnswer>) => void,
  signal: AbortSignal,
): Promise<void> {
  const tries = task.tries ?? DEFAULT_TRIES;
  const pauseMs = task.timeoutMs / 3;
  let lastMs = clock.monotonicMs();
  for (let attempt = 0; attempt < tries; attempt++)
    for (const [number, flight] of flights.entries()) {
      const { target, socket, sentAtMs } = flight;
      if (!flight.result && sentAtMs.length > 0)
        await sleep(clock, sentAtMs.at(-1)! + pauseMs - clock.monotonicMs(), signal);
      // Answered meanwhile, perhaps.
      if (flight.result || signal.aborted) continue;
      if (!socket) {
        settle(flight, "failed", { error: "the place that sends has no address of this family" });
        continue;
      }
      const [length, answerLength] = [target.sendBytes, target.answerBytes].map((bytes) =>
        payloadLength(target.address, bytes),
      ) as [number, number];
      await pacer.turn(Math.max(length, answerLength), signal);
      if (signal.aborted) return;
      sentAtMs.push(clock.monotonicMs());
      lastMs = clock.monotonicMs();
      const payload = encodeProbe(session, { number, attempt, answerLength }, length);
      try {
        if ((await socket.send(payload, target)) === "too-long") settle(flight, "too-long");
        flight.sendError = null;
      } catch (error) {
        flight.sendError = WarrenError.from(error).message;
      }
    }
  const endMs = Math.max(lastMs + pauseMs, (flights[0]?.sentAtMs[0] ?? lastMs) + task.timeoutMs);
  await sleep(clock, endMs - clock.monotonicMs(), signal);
}

/** What is wrong with an answer; null for a good one. */
function faultOf(answer: Answer, peer: ProbeEndpoint, target: ProbeTarget): string | null {
  if (answer.isRefusal) return "the answer was too long for the other side to send";
  if (peer.address === target.address && peer.port === target.port) return null;
  const from = formatEndpoint({ host: peer.address, port: peer.port });
  return `the answer came from ${from}: something on the way translates addresses`;
}

/** A socket at each address of the place that a target has the family of. */
async function openFor(
  network: ProbeNetwork,
  task: SendTask,
  { netns, addresses }: FoundPlace,
): Promise<(readonly [string, ProbeSocket])[]> {
  const sockets: (readonly [string, ProbeSocket])[] = [];
  try {
    for (const address of addresses)
      if (task.targets.some((target) => isSameFamily(address, target.address)))
        sockets.push([address, await network.open({ netns, address, port: 0 })]);
    return sockets;
  } catch (error) {
    for (const [, socket] of sockets) socket.close();
    throw error;
  }
}

function isSameFamily(a: string, b: string): boolean {
  return a.includes(":") === b.includes(":");
}

function rounded(ms: number): number {
  return Math.round(ms * 1000) / 1000;
}
