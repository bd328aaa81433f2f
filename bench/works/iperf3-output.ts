import { WarrenError } from "@warren/common/errors/warren-error.ts";

/** What iperf3 says of one direction, summed over its streams (`end.sum_sent`, `end.sum_received`). */
interface Sum {
  readonly seconds: number;
  readonly bytes: number;
  readonly bits_per_second: number;
}

interface Report {
  readonly error?: string;
  readonly start?: { readonly test_start?: { readonly blksize?: number } };
  readonly end?: { readonly sum_sent?: Sum; readonly sum_received?: Sum };
}

/** Reads what `iperf3 -J` printed. Throws `tool-failed` with iperf3's own words when the run did not come to its end. */
function readReport(text: string): { sent: Sum; received: Sum; blockBytes: number } {
  let report: Report;
  try {
    report = JSON.parse(text) as Report;
  } catch (cause) {
    throw new WarrenError("tool-failed", `iperf3 printed no JSON: ${text.slice(0, 200).trim() || "nothing"}`, {
      cause,
    });
  }
  if (report.error) throw new WarrenError("tool-failed", `iperf3: ${report.error}`);
  const { sum_sent: sent, sum_received: received } = report.end ?? {};
  const blockBytes = report.start?.test_start?.blksize;
  if (!sent || !received || !blockBytes)
    throw new WarrenError("tool-failed", "iperf3 printed JSON without end.sum_sent, end.sum_received or a block size");
  return { sent, received, blockBytes };
}

/** Throughput of a TCP run as the receiving end counted it, in Gbit/s of payload. */
export function tcpGbitPerSecond(text: string): number {
  return readReport(text).received.bits_per_second / 1e9;
}

/**
 * Datagrams a UDP run delivered to the receiving program, per second of sending, in thousands.
 *
 * Not `packets - lost_packets`: iperf3 counts a loss when a later datagram shows the gap, so what was lost at the very
 * end counts as delivered. The receiver's byte count has no such hole.
 */
export function udpDeliveredKpps(text: string): number {
  const { sent, received, blockBytes } = readReport(text);
  return received.bytes / blockBytes / sent.seconds / 1e3;
}
