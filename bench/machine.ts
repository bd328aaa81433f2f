import { readFileSync } from "node:fs";
import { cpus, release, totalmem } from "node:os";
import { setTimeout as delay } from "node:timers/promises";
import { tryRun } from "@warren/common/runtime/run.ts";
import { type CpuTicks, readCpuTicks } from "./cpu-time.ts";

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
  /** Share (0–1) of the time of all cores that others used in the second before the start. */
  readonly busyBefore: number;
  /** Share (0–1) of the time of all cores that the hypervisor gave to others while the bench ran. */
  readonly stolen: number;
  /** What speaks against trusting the figures. */
  readonly warnings: readonly string[];
}

/** Asks each program with the flag that makes it print its version. */
const VERSION_FLAGS: Readonly<Record<string, string>> = { iperf3: "--version", sockperf: "--version", ping: "-V" };
/** Above these, somebody else is using the cores that are to be measured. */
const BUSY_LIMIT = 0.1;
const STEAL_LIMIT = 0.02;

/** Starts watching; the returned function describes the machine at the end of the run. */
export async function watchMachine(programs: readonly string[], signal: AbortSignal): Promise<() => Machine> {
  const tools: Record<string, string> = {};
  for (const program of programs) {
    const version = await programVersion(program);
    if (version) tools[program] = version;
  }
  const quiet = readCpuTicks();
  await delay(1_000, undefined, { signal });
  const start = readCpuTicks();
  const busyBefore = 1 - share(quiet, start, "idle");
  return () => {
    const stolen = share(start, readCpuTicks(), "stolen");
    return {
      cpu: cpus()[0]?.model.trim() ?? "unknown processor",
      cores: cpus().length,
      memoryGiB: Math.round(totalmem() / 2 ** 30),
      kernel: release(),
      node: process.versions.node,
      congestionControl: readFileSync("/proc/sys/net/ipv4/tcp_congestion_control", "utf8").trim(),
      tools,
      busyBefore,
      stolen,
      warnings: [
        ...(busyBefore > BUSY_LIMIT ? [`others used ${percent(busyBefore)} of the cores before the start`] : []),
        ...(stolen > STEAL_LIMIT ? [`the hypervisor gave ${percent(stolen)} of the time to others`] : []),
      ].map((what) => `${what}: repeat this on a quiet machine before you trust it`),
    };
  };
}

const share = (from: CpuTicks, to: CpuTicks, what: "idle" | "stolen"): number =>
  (to[what] - from[what]) / Math.max(to.total - from.total, 1);

const percent = (part: number): string => `${(part * 100).toFixed(0)} %`;

async function programVersion(program: string): Promise<string | null> {
  const flag = VERSION_FLAGS[program] ?? "--version";
  const said = await tryRun(program, [flag], { timeoutMs: 5_000 }).catch(() => null);
  return said ? (/\d[\w.-]*/.exec(said.stdout)?.[0] ?? null) : null;
}
