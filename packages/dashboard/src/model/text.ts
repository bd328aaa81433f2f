import { formatDuration } from "@warren/common/report/duration.ts";
import { formatNumber } from "@warren/common/report/format.ts";

/** What stands where nothing is known. */
export const NOTHING = "–";

const RATES = ["bit/s", "kbit/s", "Mbit/s", "Gbit/s", "Tbit/s"] as const;

/** `0 bit/s`, `12.3 Mbit/s`, `1.20 Gbit/s`. */
export function formatRate(bitsPerSecond: number | null): string {
  if (bitsPerSecond === null) return NOTHING;
  let value = bitsPerSecond;
  let unit = 0;
  // What would be rounded to 1000 is 1 of the next unit.
  while (value >= 999.5 && unit < RATES.length - 1) {
    value /= 1000;
    unit++;
  }
  return `${unit === 0 ? Math.round(value) : formatNumber(Math.max(1, value))} ${RATES[unit]}`;
}

/** `380 µs`, `1.24 ms`, `2.10 s`. */
export function formatRoundTrip(ms: number): string {
  if (ms < 0.9995) return `${formatNumber(Math.round(ms * 1000))} µs`;
  const [value, unit] = ms < 999.5 ? [ms, "ms"] : [ms / 1000, "s"];
  return `${formatNumber(Math.max(1, value))} ${unit}`;
}

const counts = new Intl.NumberFormat("en");

/** Thousands separated, whatever the locale: `1,234,567`. */
export function formatCount(count: number): string {
  return counts.format(count);
}

/** `1 node`, `3 nodes`. */
export function countOf(count: number, one: string, many = `${one}s`): string {
  return `${formatCount(count)} ${count === 1 ? one : many}`;
}

const CIPHER_NAMES: Readonly<Record<string, string>> = {
  "aes-256-gcm": "AES-256-GCM",
  "chacha20-poly1305": "ChaCha20-Poly1305",
};

/** A cipher as its standard writes it; one that this version does not know as it stands. */
export function cipherName(cipher: string): string {
  return CIPHER_NAMES[cipher] ?? cipher;
}

/** How old a report is; one of the last second or two is as new as any. */
export function formatReportAge(ageMs: number | null): string {
  if (ageMs === null) return NOTHING;
  return ageMs < 2000 ? "now" : `${formatDuration(ageMs)} ago`;
}

const collator = new Intl.Collator("en", { numeric: true });

/** The order of names that people expect: `host-2` before `host-10`, addresses by their numbers. */
export function compareNames(a: string, b: string): number {
  return collator.compare(a, b);
}
