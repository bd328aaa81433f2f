import type { TrafficCounters } from "@warren/common/rpc/messages.ts";

/** When a report was made, by the node's clock, and when it came, by ours; both only go forward. */
export interface Moment {
  readonly measuredMs: number;
  readonly receivedMs: number;
}

export interface Rates {
  readonly txBitsPerSecond: number | null;
  readonly rxBitsPerSecond: number | null;
}

export const NO_RATES: Rates = { txBitsPerSecond: null, rxBitsPerSecond: null };

/**
 * How much the two clocks may disagree on the time between two reports. They do by what a report was under way, and by
 * much more when the agent was restarted, since its clock began anew.
 */
const CLOCK_TOLERANCE_MS = 2_000;
/** A rate over a longer time says little of now. */
const LONGEST_MS = 120_000;

/** The time between two reports of one node, by its clock; null when no rate can be told from them. */
export function elapsedMs(before: Moment, now: Moment): number | null {
  const measured = now.measuredMs - before.measuredMs;
  const received = now.receivedMs - before.receivedMs;
  if (measured <= 0 || measured > LONGEST_MS || Math.abs(measured - received) > CLOCK_TOLERANCE_MS) return null;
  return measured;
}

/** Null where a counter is missing or went back: the packet path began anew in between. */
export function ratesBetween(before: TrafficCounters | null, now: TrafficCounters | null, ms: number | null): Rates {
  if (!before || !now || ms === null) return NO_RATES;
  const tx = now.tx_bytes - before.tx_bytes;
  const rx = now.rx_bytes - before.rx_bytes;
  if (tx < 0 || rx < 0) return NO_RATES;
  return { txBitsPerSecond: Math.round((tx * 8_000) / ms), rxBitsPerSecond: Math.round((rx * 8_000) / ms) };
}
