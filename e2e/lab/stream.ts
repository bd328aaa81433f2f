/** A stream of numbered datagrams, between two pods mostly: what was lost, of which every single one can be named. */
import { podProgram } from "./pod.ts";
import type { Supervised } from "./supervised.ts";
import { waitFor } from "./wait-for.ts";

export interface StreamOptions {
  readonly port: number;
  /** Default 1. */
  readonly intervalMs?: number;
  /** Payload of a datagram; default 64. */
  readonly bytes?: number;
  /** Stands in every datagram, many times; without spaces and digits at its end. */
  readonly marker?: string;
  /** Inner address family; default 4. */
  readonly family?: 4 | 6;
  /** Resolve before the first datagram has come. */
  readonly impatient?: boolean;
}

export interface StreamResult {
  readonly sent: number;
  /** Sent, and never came. */
  readonly lost: number;
  /** Numbers that never came, as `from-to`. */
  readonly gaps: readonly string[];
  readonly repeated: number;
  readonly longestPauseMs: number;
}

export interface Stream {
  /** Resolves when so many have been sent. */
  hasSent(count: number): Promise<void>;
  /** Resolves when some that are sent from now on have arrived. */
  goesOn(): Promise<void>;
  /** Ends it, and counts when nothing is under way any more. Throws when the receiver could not keep up. */
  stop(): Promise<StreamResult>;
}

/** What the receiver prints in the end. */
interface Received {
  readonly ranges: readonly (readonly [number, number])[];
  readonly repeated: number;
  readonly longestPauseMs: number;
  readonly overflowed: number;
}

/** A pod, or whatever else can be sent to. */
export interface StreamEnd {
  /** For messages. */
  readonly label: string;
  address(family: 4 | 6): string;
  spawn(program: string, args: readonly string[]): Promise<Supervised>;
}

/** Both programs say how far they are every so many datagrams. */
const TOLD_EVERY = 50;

export async function startStream(from: StreamEnd, to: StreamEnd, options: StreamOptions): Promise<Stream> {
  const { port, intervalMs = 1, bytes = 64, marker = "stream", family = 4, impatient = false } = options;
  const receiver = await to.spawn(process.execPath, [podProgram("udp-stream-receive.mjs"), String(port)]);
  await waitFor("the receiver of the stream", () => receiver.log().includes("listening"));
  const words = [to.address(family), port, intervalMs, bytes, marker].map(String);
  const sender = await from.spawn(process.execPath, [podProgram("udp-stream-send.mjs"), ...words]);
  const what = `the stream from ${from.label} to ${to.label}`;
  await waitFor(what, () => (impatient ? sender.log().includes("sending") : receiver.log().includes("first")));
  const sentSoFar = () => Number(/sent (\d+)$/.exec(sender.log().trimEnd())?.[1] ?? 0);
  const heardLast = () => Number(/heard (\d+)$/.exec(receiver.log().trimEnd())?.[1] ?? 0);
  return {
    async hasSent(count) {
      await waitFor(`${what} to have sent ${count}`, () => sentSoFar() >= count);
    },
    async goesOn() {
      const from = sentSoFar() + TOLD_EVERY;
      await waitFor(`${what} to go on`, () => heardLast() > from);
    },
    async stop() {
      await sender.end();
      await receiver.end();
      const sent = sentSoFar();
      const { ranges, repeated, longestPauseMs, overflowed } = JSON.parse(lastLine(receiver.log())) as Received;
      if (overflowed > 0) throw new Error(`${what}: the receiver had no room for ${overflowed} datagrams`);
      const arrived = ranges.reduce((sum, [first, last]) => sum + last - first + 1, 0);
      return { sent, lost: sent - arrived, gaps: gapsOf(ranges, sent), repeated, longestPauseMs };
    },
  };
}

function gapsOf(ranges: Received["ranges"], sent: number): string[] {
  const starts = [...ranges.map(([first]) => first), sent];
  const ends = [-1, ...ranges.map(([, last]) => last)];
  return starts.flatMap((start, index) => (start - 1 > ends[index]! ? [`${ends[index]! + 1}-${start - 1}`] : []));
}

function lastLine(text: string): string {
  return text.trimEnd().split("\n").at(-1)!;
}
