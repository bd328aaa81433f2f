import { readFileSync, readlinkSync } from "node:fs";

/** Where named network namespaces are found by `ip netns`. */
export const NETNS_DIR = "/run/netns";

/** How this process reaches the machine's mount namespace, where network namespaces are named for all to see. */
export interface MachineMounts {
  /** Words to put in front of a program that makes or opens named namespaces; empty when we are there already. */
  readonly prefix: readonly string[];
  /** Path of `NETNS_DIR` from inside this process. */
  readonly netnsDir: string;
}

/** How the function looks at other processes; tests give their own. Both are null when it may not be known. */
export interface ProcessView {
  /** Mount namespace of a process, such as `mnt:[4026531832]`. */
  readonly mountsOf: (pid: number | "self") => string | null;
  readonly nameOf: (pid: number) => string | null;
}

/**
 * `ip netns exec` gives its program a private mount namespace: a namespace named there would be seen by nobody else.
 * So where our mounts are not those of the machine we enter its mount namespace to name one, and look through
 * `/proc/PID/root` to open one. The machine's mounts are those of process 1; where that may not be looked at, because
 * it has a capability that we lack, of kthreadd, which shares them.
 */
export function machineMounts({ mountsOf, nameOf }: ProcessView = thisMachine): MachineMounts {
  const self = mountsOf("self");
  const pid = [1, 2].find((candidate) => mountsOf(candidate) !== null && (candidate === 1 || nameOf(2) === "kthreadd"));
  if (self === null || pid === undefined || self === mountsOf(pid)) return { prefix: [], netnsDir: NETNS_DIR };
  return { prefix: ["nsenter", `--mount=/proc/${pid}/ns/mnt`, "--"], netnsDir: `/proc/${pid}/root${NETNS_DIR}` };
}

const thisMachine: ProcessView = {
  mountsOf: (pid) => orNull(() => readlinkSync(`/proc/${pid}/ns/mnt`)),
  nameOf: (pid) => orNull(() => readFileSync(`/proc/${pid}/comm`, "utf8").trim()),
};

function orNull(read: () => string): string | null {
  try {
    return read();
  } catch {
    return null;
  }
}
