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
  readonly end?: {
    readonly sum_sent?: Sum;
    readonly sum_received?: Sum;
    /** With `--bidir`: what the server sent, as the client received it. */
    readonly sum_received_bidir_reverse?: Sum;
  };
}

/** Reads what `iperf3 -J` printed. Throws `tool-failed` with iperf3's own words when the run did not come to its end. */
function readReport(text: string): { sent: Sum; received: Sum; back: Sum | null; blockBytes: number } {
  let report: Report;
  try {
    report = JSON.parse(text) as Report;
  } catch (cause) {
    throw new WarrenError("tool-failed", `iperf3 printed no JSON: ${text.slice(0, 200).trim() || "nothing"}`, {
      cause,
    });
  }
  if (report.error) throw new WarrenError("tool-failed", `iperf3: ${report.error}`);
  const { sum_sent: sent, sum_received: received, sum_received_bidir_reverse: back = null } = report.end ?? {};
  const blockBytes = report.start?.test_start?.blksize;
  if (!sent || !received || !blockBytes)
    throw new WarrenError("tool-failed", "iperf3 printed JSON without end.sum_sent, end.sum_received or a block size");
  return { sent, received, back, blockBytes };
}

/** Throughput of a TCP run as the receiving end counted it, in Gbit/s of payload. */
export function tcpGbitPerSecond(text: string): number {
  return readReport(text).received.bits_per_second / 1e9;
}

/** Sum of both directions of a TCP run with `--bidir`, each as its receiving end counted it, in Gbit/s of payload. */
export function tcpBothGbitPerSecond(text: string): number {
  const { received, back } = readReport(text);
  if (!back) throw new WarrenError("tool-failed", "iperf3 printed JSON without end.sum_received_bidir_reverse");
  return (received.bits_per_second + back.bits_per_second) / 1e9;
}

/** Payload of a TCP run that reached the receiving end, in gigabytes (10^9). */
export function tcpGigabytes(text: string): number {
  return readReport(text).received.bytes / 1e9;
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

/** Share of the datagrams of a UDP run that never reached the receiving program, in percent; by bytes, as above. */
export function udpLossPercent(text: string): number {
  const { sent, received } = readReport(text);
  if (sent.bytes === 0) throw new WarrenError("tool-failed", "iperf3 sent nothing");
  return (1 - received.bytes / sent.bytes) * 100;
}
