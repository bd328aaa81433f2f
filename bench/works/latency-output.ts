import { WarrenError } from "@warren/common/errors/warren-error.ts";
import { quantile } from "@warren/common/report/statistics.ts";

/** One-way latency in microseconds: half of a round trip. */
export interface Latency {
  readonly p50: number;
  readonly p99: number;
  readonly p999: number;
}

/**
 * Reads what `sockperf ping-pong` printed. It exits with 0 even when nothing came back, so the text decides: throws
 * `tool-failed` when it has no percentiles.
 */
export function sockperfLatency(text: string): Latency {
  const percentiles = new Map<number, number>();
  for (const [, percent, micros] of text.matchAll(/percentile\s+([\d.]+)\s*=\s*([\d.]+)/g))
    percentiles.set(Number(percent), Number(micros));
  const at = (percent: number): number => {
    const micros = percentiles.get(percent);
    if (micros !== undefined) return micros;
    const said = text.split("\n").filter((line) => /error|no messages/i.test(line));
    throw new WarrenError("tool-failed", said.join(" ").trim() || `sockperf printed no percentile ${percent}`);
  };
  return { p50: at(50), p99: at(99), p999: at(99.9) };
}

/** Reads what `ping` printed, one line for each answer. Throws `tool-failed` when none came. */
export function pingLatency(text: string): Latency {
  const micros = [...text.matchAll(/ time=([\d.]+) ms/g)].map(([, ms]) => (Number(ms) * 1e3) / 2);
  if (micros.length === 0) throw new WarrenError("tool-failed", "ping got no answer");
  return { p50: quantile(micros, 0.5), p99: quantile(micros, 0.99), p999: quantile(micros, 0.999) };
}
