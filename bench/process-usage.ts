import { readdirSync, readFileSync } from "node:fs";

/** Memory of a process and all its descendants, in bytes. */
export interface Memory {
  /** Resident set size: pages in memory, those shared with other processes included. */
  readonly rss: number;
  /** Proportional set size: shared pages divided among their users. */
  readonly pss: number;
}

/** Sum over the process and its descendants. Processes that end meanwhile count as nothing. */
export function memoryOf(pid: number): Memory {
  const all = treeOf(pid).map((member) => ({
    rss: kibibytes(`/proc/${member}/status`, "VmRSS"),
    pss: kibibytes(`/proc/${member}/smaps_rollup`, "Pss"),
  }));
  const sum = (key: keyof Memory) => all.reduce((total, memory) => total + memory[key], 0) * 1024;
  return { rss: sum("rss"), pss: sum("pss") };
}

/**
 * Time the process and its descendants spent on a core, in nanoseconds: the scheduler's own count for each thread, not
 * the ticks of `/proc/PID/stat`, in which a second of 1 % is a single tick.
 */
export function cpuNanosecondsOf(pid: number): number {
  return treeOf(pid)
    .flatMap((member) => entries(`/proc/${member}/task`).map((thread) => `/proc/${member}/task/${thread}/schedstat`))
    .reduce((total, file) => total + Number(read(file).split(" ")[0] ?? 0), 0);
}

function treeOf(root: number): number[] {
  const children = new Map<number, number[]>();
  for (const entry of entries("/proc")) {
    // The name, second field, is in parentheses and may hold anything; the parent is the second field after it.
    const parent = Number(
      read(`/proc/${entry}/stat`)
        .replace(/^.*\) /s, "")
        .split(" ")[1],
    );
    if (parent) children.set(parent, [...(children.get(parent) ?? []), Number(entry)]);
  }
  const tree = [root];
  for (const member of tree) tree.push(...(children.get(member) ?? []));
  return tree;
}

function kibibytes(file: string, key: string): number {
  return Number(new RegExp(`^${key}:\\s+(\\d+) kB`, "m").exec(read(file))?.[1] ?? 0);
}

function read(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}

function entries(directory: string): string[] {
  try {
    return readdirSync(directory).filter((entry) => /^\d+$/.test(entry));
  } catch {
    return [];
  }
}
