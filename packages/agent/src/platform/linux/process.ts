import { readdirSync, readFileSync, statSync } from "node:fs";

/**
 * Start time of a process in clock ticks since boot (field 22 of `/proc/PID/stat`), null when there is none. A process id
 * is used again, the pair of both is not.
 */
export function processStartTime(pid: number): number | null {
  let stat: string;
  try {
    stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  } catch {
    return null;
  }
  // The name in parentheses may itself hold blanks and parentheses: count from the last one.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return fields[0] === "Z" || fields[0] === "X" ? null : Number(fields[19]);
}

/** True while the process that had this start time runs; a zombie does not. */
export function processRuns(pid: number, startTime: number): boolean {
  return processStartTime(pid) === startTime;
}

/** Ids of the processes whose network namespace has this inode. Threads that went elsewhere are not looked for. */
export function processesInNetns(inode: number): number[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => netnsOf(pid) === inode);
}

function netnsOf(pid: number): number | null {
  try {
    return statSync(`/proc/${pid}/ns/net`).ino;
  } catch {
    return null;
  }
}

/** Sends a signal; a process that is gone already is no error. `-pid` is a process group. */
export function signalProcess(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}
