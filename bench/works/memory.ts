import { memoryOf } from "../process-usage.ts";
import type { Work } from "./work.ts";

/**
 * What the system's processes on one host hold in memory when the other works of the round are done: buffers and heaps
 * have the size that work gave them. A system of the kernel has no such processes, and no such figure.
 */
export const memory: Work = {
  name: "memory",
  figures: [{ name: "memory", about: "resident memory on one host, after the work", unit: "MB", better: "lower" }],
  warmUp: async () => {},
  run: async ({ serverProcesses }) => {
    if (serverProcesses.length === 0) return [null];
    return [serverProcesses.reduce((sum, { pid }) => sum + memoryOf(pid).rss, 0) / 1e6];
  },
};
