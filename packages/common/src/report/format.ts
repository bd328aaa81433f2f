import type { Spread } from "./statistics.ts";

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
