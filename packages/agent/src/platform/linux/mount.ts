import { readlinkSync } from "node:fs";

/** Where named network namespaces are found by `ip netns`. */
export const NETNS_DIR = "/run/netns";

/** How this process reaches the machine's mount namespace, where network namespaces are named for all to see. */
export interface MachineMounts {
  /** Words to put in front of a program that makes or opens named namespaces; empty when we are there already. */
  readonly prefix: readonly string[];
  /** Path of `NETNS_DIR` from inside this process. */
  readonly netnsDir: string;
}

/**
 * `ip netns exec` gives its program a private mount namespace: a namespace named there would be seen by nobody else.
 * So where our mounts are not those of process 1 we enter its mount namespace to name one, and look through
 * `/proc/1/root` to open one.
 */
export function machineMounts(
  self = linkOf("/proc/self/ns/mnt"),
  first = linkOf("/proc/1/ns/mnt"),
): MachineMounts {
  if (self === null || first === null || self === first) return { prefix: [], netnsDir: NETNS_DIR };
  return { prefix: ["nsenter", "--mount=/proc/1/ns/mnt", "--"], netnsDir: `/proc/1/root${NETNS_DIR}` };
}

function linkOf(path: string): string | null {
  try {
    return readlinkSync(path);
  } catch {
    return null;
  }
}
