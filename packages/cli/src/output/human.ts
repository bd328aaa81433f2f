const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** A length of time as kubectl shows ages: the one or two largest units, `45s`, `12m`, `3h20m`, `5d`. */
export function formatDuration(ms: number): string {
  if (ms <= 0) return "0s";
  if (ms < SECOND) return `${Math.round(ms)}ms`;
  if (ms < 2 * MINUTE) return `${Math.floor(ms / SECOND)}s`;
  if (ms < HOUR) return `${Math.floor(ms / MINUTE)}m`;
  if (ms < 8 * HOUR) return twoUnits(ms, HOUR, "h", MINUTE, "m");
  if (ms < 2 * DAY) return `${Math.floor(ms / HOUR)}h`;
  return `${Math.floor(ms / DAY)}d`;
}

function twoUnits(ms: number, large: number, largeName: string, small: number, smallName: string): string {
  const rest = Math.floor((ms % large) / small);
  return `${Math.floor(ms / large)}${largeName}${rest === 0 ? "" : `${rest}${smallName}`}`;
}

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
