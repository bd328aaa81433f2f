/** Pings and throughput between namespaces with the tools everybody knows, read into numbers. */
import { WarrenError } from "@warren/common/errors/warren-error.ts";
import { tryRunIn } from "./netns.ts";

export interface PingResult {
  readonly sent: number;
  readonly received: number;
  /** Median-free summary as ping gives it; null when nothing came back. */
  readonly rttMs: { readonly min: number; readonly avg: number; readonly max: number } | null;
  /** Everything ping said. */
  readonly output: string;
}

export interface PingOptions {
  readonly count?: number;
  /**
   * Default 200. It is also how long ping waits for an answer once one has come (or twice the longest round trip): on a
   * machine that is busy for longer, an answer that arrived counts as lost.
   */
  readonly intervalMs?: number;
  /** Bytes of payload after the ICMP header. */
  readonly payload?: number;
  /** Sets DF and never fragments locally (`-M do`). */
  readonly dontFragment?: boolean;
  /** Source address or interface. */
  readonly source?: string;
  /** How long to wait when no answer has come at all; default 2 s. */
  readonly waitMs?: number;
  readonly signal?: AbortSignal | undefined;
}

/** Pings from a namespace (name or path). A ping that gets no answer is a result, not an error. */
export async function ping(netns: string, address: string, options: PingOptions = {}): Promise<PingResult> {
  const { count = 3, intervalMs = 200, waitMs = 2_000 } = options;
  const args = ["-n", "-c", String(count), "-i", String(intervalMs / 1000), "-W", String(waitMs / 1000)];
  if (options.payload !== undefined) args.push("-s", String(options.payload));
  if (options.dontFragment) args.push("-M", "do");
  if (options.source !== undefined) args.push("-I", options.source);
  const { stdout, stderr } = await tryRunIn(netns, "ping", [...args, address], {
    timeoutMs: count * intervalMs + waitMs + 10_000,
    ...(options.signal && { signal: options.signal }),
  });
  return readPing(stdout + stderr);
}

/** Reads the summary of iputils' ping; throws `tool-failed` when there is none (a usage error, no such address). */
export function readPing(output: string): PingResult {
  const counts = /(\d+) packets transmitted, (\d+) received/.exec(output);
  if (!counts) {
    // Unreachable networks make ping end without a summary, before anything is sent.
    if (/unreachable|Message too long|message too long/.test(output))
      return { sent: 0, received: 0, rttMs: null, output };
    throw new WarrenError("tool-failed", `ping: ${output.trim() || "no output"}`);
  }
  const rtt = /= ([\d.]+)\/([\d.]+)\/([\d.]+)/.exec(output);
  return {
    sent: Number(counts[1]),
    received: Number(counts[2]),
    rttMs: rtt ? { min: Number(rtt[1]), avg: Number(rtt[2]), max: Number(rtt[3]) } : null,
    output,
  };
}

export interface Throughput {
  readonly gbitPerSecond: number;
  readonly retransmits: number;
  readonly bytes: number;
}

export interface ThroughputOptions {
  readonly seconds?: number;
  /** The server sends, the client receives. */
  readonly reverse?: boolean;
  readonly signal?: AbortSignal | undefined;
}

/** One TCP stream to a running iperf3 server, as the receiver counted it. */
export async function tcpThroughput(
  netns: string,
  address: string,
  port: number,
  options: ThroughputOptions = {},
): Promise<Throughput> {
  const { seconds = 3, reverse } = options;
  const args = ["-c", address, "-p", String(port), "-J", "--connect-timeout", "5000", "-t", String(seconds)];
  const { stdout, stderr } = await tryRunIn(netns, "iperf3", [...args, ...(reverse ? ["-R"] : [])], {
    timeoutMs: seconds * 1000 + 60_000,
    ...(options.signal && { signal: options.signal }),
  });
  return readIperf(stdout, stderr);
}

/** Reads the JSON of iperf3 3.x for TCP. Throws `tool-failed` with iperf3's own words. */
export function readIperf(stdout: string, stderr = ""): Throughput {
  let report: {
    error?: string;
    end?: { sum_received?: { bits_per_second: number; bytes: number }; sum_sent?: { retransmits?: number } };
  };
  try {
    report = JSON.parse(stdout);
  } catch (cause) {
    throw new WarrenError("tool-failed", `iperf3: ${stderr.trim() || stdout.trim() || "no output"}`, { cause });
  }
  const received = report.end?.sum_received;
  if (report.error || !received) throw new WarrenError("tool-failed", `iperf3: ${report.error ?? "no result"}`);
  return {
    gbitPerSecond: received.bits_per_second / 1e9,
    retransmits: report.end?.sum_sent?.retransmits ?? 0,
    bytes: received.bytes,
  };
}
