import type { Spread } from "../statistics.ts";
import type { Judgement } from "./judge.ts";

/** About three digits, two below 1: nothing that a bench measures is more exact than that. */
export function formatNumber(value: number): string {
  const size = Math.abs(value);
  if (size === 0) return "0";
  if (size < 1) return value.toPrecision(2);
  return value.toFixed(size >= 100 ? 0 : size >= 10 ? 1 : 2);
}

/** `15.0–16.0`; nothing where there is one value only. */
export function formatRange({ min, max }: Spread): string {
  return min === max ? "" : `${formatNumber(min)}–${formatNumber(max)}`;
}

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
