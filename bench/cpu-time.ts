import { readFileSync } from "node:fs";

/** Clock ticks of all cores since boot. */
export interface CpuTicks {
  /** Nothing to do, waiting for a disk included. */
  readonly idle: number;
  /** Given to others by the hypervisor. */
  readonly stolen: number;
  readonly total: number;
}

/** `USER_HZ`: what the kernel counts for programs in, on every architecture that Node runs on. */
const TICKS_PER_SECOND = 100;

export function readCpuTicks(): CpuTicks {
  return parseCpuTicks(readFileSync("/proc/stat", "utf8"));
}

/** First line of `/proc/stat`, whose columns are user nice system idle iowait irq softirq steal guest guest_nice. */
export function parseCpuTicks(text: string): CpuTicks {
  const [line = ""] = text.split("\n");
  // guest and guest_nice, the last two, are part of user and nice already.
  const ticks = line.trim().split(/\s+/).slice(1, 9).map(Number);
  const [idle = 0, iowait = 0] = ticks.slice(3, 5);
  return { idle: idle + iowait, stolen: ticks[7] ?? 0, total: ticks.reduce((sum, value) => sum + value, 0) };
}

/** Seconds that all cores together worked between two readings. */
export function busySeconds(from: CpuTicks, to: CpuTicks): number {
  const worked = ({ idle, stolen, total }: CpuTicks) => total - idle - stolen;
  return (worked(to) - worked(from)) / TICKS_PER_SECOND;
}
