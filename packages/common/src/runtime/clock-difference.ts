import { WarrenError } from "../errors/warren-error.ts";

/** Below this a clock is as good as right: certificates are issued an hour into the past. */
export const CLOCK_TOLERANCE_MS = 30_000;

/** @param offMs how far the clock of this host is ahead of the control plane's; negative: behind */
export function describeClock(offMs: number): string {
  const way = offMs > 0 ? "ahead of" : "behind";
  return (
    `the clock of this host is ${spanText(Math.abs(offMs))} ${way} the control plane's; set it, and keep it so with time ` +
    "synchronisation (chrony, systemd-timesyncd)"
  );
}

/** Why certificates do not hold, when it is that. */
export function clockOff(offMs: number, cause?: unknown): WarrenError {
  return new WarrenError("clock-off", describeClock(offMs), { cause });
}

/** A length of time for people, in its two largest units: `42 s`, `23 h 59 min`, `3 d 4 h`. */
export function spanText(ms: number): string {
  const seconds = Math.round(ms / 1000);
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 60) return join(Math.floor(seconds / 60), "min", seconds % 60, "s");
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return join(hours, "h", minutes % 60, "min");
  return join(Math.floor(hours / 24), "d", hours % 24, "h");
}

function join(large: number, largeUnit: string, small: number, smallUnit: string): string {
  return small === 0 ? `${large} ${largeUnit}` : `${large} ${largeUnit} ${small} ${smallUnit}`;
}
