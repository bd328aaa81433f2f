/** Processes as `/proc` shows them: identity that survives reuse of a pid, and who lives in which network namespace. */
import { readdirSync, readFileSync, statSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";

/** A process by pid and start time, so that another process that got the same pid later is never taken for it. */
export interface ProcessId {
  readonly pid: number;
  /** Clock ticks from boot to its start, `/proc/PID/stat` field 22, as text. */
  readonly started: string;
}

/** Identity of a running process; null when there is none with this pid, or only its zombie. */
export function identify(pid: number): ProcessId | null {
  try {
    // The second field is the program's name in parentheses and may hold spaces and parentheses itself.
    const fields = readFileSync(`/proc/${pid}/stat`, "utf8")
      .replace(/^.*\) /s, "")
      .split(" ");
    return fields[0] === "Z" || fields[0] === "X" ? null : { pid, started: fields[19] ?? "" };
  } catch {
    return null;
  }
}

export function isAlive(process: ProcessId): boolean {
  return identify(process.pid)?.started === process.started;
}

/** What the process runs, for messages. */
export function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ").trim();
  } catch {
    return "(gone)";
  }
}

/** All processes that live in one of the network namespaces (inode numbers of `/proc/PID/ns/net`). */
export function processesIn(inodes: ReadonlySet<number>): ProcessId[] {
  if (inodes.size === 0) return [];
  return readdirSync("/proc")
    .filter((entry) => /^\d+$/.test(entry))
    .map((entry) => {
      try {
        return inodes.has(statSync(`/proc/${entry}/ns/net`).ino) ? identify(Number(entry)) : null;
      } catch {
        return null;
      }
    })
    .filter((process) => process !== null);
}

/** Asks the processes to end, and after `graceMs` makes them. Resolves when none of them is alive. */
export async function endProcesses(processes: readonly ProcessId[], graceMs: number): Promise<void> {
  for (const signal of ["SIGTERM", "SIGKILL"] as const) {
    for (const process of processes) sendSignal(process, signal);
    const deadline = performance.now() + (signal === "SIGTERM" ? graceMs : 5_000);
    while (processes.some(isAlive) && performance.now() < deadline) await delay(20);
    if (!processes.some(isAlive)) return;
  }
}

/** Sends a signal to exactly this process; nothing happens when it is gone. */
export function sendSignal(target: ProcessId, signal: NodeJS.Signals): void {
  if (!isAlive(target)) return;
  try {
    process.kill(target.pid, signal);
  } catch {
    // It ended between the look and the signal.
  }
}
