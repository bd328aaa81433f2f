import { WarrenError } from "@warren/common/errors/warren-error.ts";

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** A length of time such as `90s`, `1h`, `1h30m`, `24h`, `7d`, in milliseconds. @throws WarrenError `usage` */
export function parseDuration(text: string, what: string): number {
  if (/^(\d+(ms|[smhd]))+$/.test(text)) {
    let total = 0;
    for (const [, count, unit] of text.matchAll(/(\d+)(ms|[smhd])/g)) total += Number(count) * UNITS[unit!]!;
    if (total > 0 && Number.isSafeInteger(total)) return total;
  }
  throw new WarrenError("usage", `${what}: expected a length of time such as 90s, 30m, 1h or 24h, got "${text}"`);
}
