import { formatDuration } from "@warren/common/report/duration.ts";

/** How long ago an ISO 8601 moment was; `-` for none. */
export function formatAge(moment: string | null, nowMs = Date.now()): string {
  return moment === null ? "-" : formatDuration(nowMs - Date.parse(moment));
}

/** How long until an ISO 8601 moment; `past` when it is over. */
export function formatUntil(moment: string, nowMs = Date.now()): string {
  const left = Date.parse(moment) - nowMs;
  return left <= 0 ? "past" : formatDuration(left);
}

/** Bytes in binary units: `512 B`, `1.5 KiB`, `12 MiB`. */
export function formatBytes(bytes: number): string {
  const units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${unit > 0 && value < 10 ? value.toFixed(1) : Math.round(value)} ${units[unit]}`;
}

/** A count with thousands separated, whatever the locale: `1,234,567`. */
export function formatCount(count: number): string {
  return String(count).replace(/\B(?=(\d{3})+$)/g, ",");
}
