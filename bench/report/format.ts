import { formatNumber, formatRange } from "@warren/common/report/format.ts";
import type { Spread } from "@warren/common/report/statistics.ts";
import type { Judgement } from "./judge.ts";

/** `15.5 (15.0–16.0)`, with a unit `15.5 ms (15.0–16.0)`. */
export function formatSpread(spread: Spread, unit = ""): string {
  const range = formatRange(spread);
  return `${formatNumber(spread.median)}${unit && ` ${unit}`}${range && ` (${range})`}`;
}

/** `≥ 0.65` for a ratio, `≤ 120 MB` for a value. */
export function formatLimit({ sign, unit, against }: Judgement, limit: number): string {
  return `${sign} ${limit}${against === null && unit !== "" ? ` ${unit}` : ""}`;
}

/** `1.4 %` of a share between 0 and 1. */
export function formatShare(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}
