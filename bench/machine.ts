import { readFileSync } from "node:fs";
import { cpus, loadavg, release, totalmem } from "node:os";
import { tryRun } from "@warren/common/runtime/run.ts";

/** Where the figures come from: they mean nothing without it. */
export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGiB: number;
  readonly kernel: string;
  readonly node: string;
  /** What TCP connections of this machine use unless told otherwise. */
  readonly congestionControl: string;
  /** Programs that were called, with what they say about their version. */
  readonly tools: Readonly<Record<string, string>>;
  /** Load average of the last minute before the start. */
  readonly load: number;
  /** Share (0–1) of the time of all cores that the hypervisor gave to others while the bench ran. */
  readonly stolen: number;
  /** What speaks against trusting the figures. */
  readonly warnings: readonly string[];
}

/** Asks each program with the flag that makes it print its version. */
const VERSION_FLAGS: Readonly<Record<string, string>> = { iperf3: "--version", sockperf: "--version", ping: "-V" };
/** More than this and somebody else is using the cores that are to be measured. */
const QUIET_LOAD = 0.5;
const STEAL_LIMIT = 0.02;

/** Starts watching; the returned function describes the machine at the end of the run. */
export async function watchMachine(programs: readonly string[]): Promise<() => Machine> {
  const load = loadavg()[0]!;
  const before = cpuTime();
  const tools: Record<string, string> = {};
  for (const program of programs) {
    const version = await programVersion(program);
    if (version) tools[program] = version;
  }
  return () => {
    const now = cpuTime();
    const stolen = (now.stolen - before.stolen) / Math.max(now.total - before.total, 1);
    const warnings = [
      ...(load > QUIET_LOAD
        ? [`the load was ${load.toFixed(2)} before the start: other work shares the cores, do not trust these figures`]
        : []),
      ...(stolen > STEAL_LIMIT
        ? [`the hypervisor gave ${(stolen * 100).toFixed(0)} % of the time to others: repeat on a quieter machine`]
        : []),
    ];
    return {
      cpu: cpus()[0]?.model.trim() ?? "unknown processor",
      cores: cpus().length,
      memoryGiB: Math.round(totalmem() / 2 ** 30),
      kernel: release(),
      node: process.versions.node,
      congestionControl: readFileSync("/proc/sys/net/ipv4/tcp_congestion_control", "utf8").trim(),
      tools,
      load,
      stolen,
      warnings,
    };
  };
}

/** Ticks of all cores since boot, first line of `/proc/stat`; the eighth column is steal. */
function cpuTime(): { stolen: number; total: number } {
  const [line = ""] = readFileSync("/proc/stat", "utf8").split("\n");
  // guest and guest_nice, the last two, are part of user and nice already.
  const ticks = line.trim().split(/\s+/).slice(1, 9).map(Number);
  return { stolen: ticks[7] ?? 0, total: ticks.reduce((sum, value) => sum + value, 0) };
}

async function programVersion(program: string): Promise<string | null> {
  const flag = VERSION_FLAGS[program] ?? "--version";
  const said = await tryRun(program, [flag], { timeoutMs: 5_000 }).catch(() => null);
  return said ? (/\d[\w.-]*/.exec(said.stdout)?.[0] ?? null) : null;
}
