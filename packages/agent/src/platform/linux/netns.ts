import { closeSync, constants, fstatSync, openSync, statfsSync, statSync, unlinkSync } from "node:fs";
import { WarrenError } from "@warren/common/errors/warren-error.ts";
import koffi from "koffi";

/** `statfs` type of a namespace file (linux/magic.h). */
const NSFS_MAGIC = 0x6e736673;
const CLONE_NEWNET = 0x40000000;

let setns: ((fd: number, type: number) => number) | undefined;

/** True when a network namespace lies at `path`; false when nothing does or only the empty file of a lost one. */
export function netnsExists(path: string): boolean {
  try {
    return statfsSync(path).type === NSFS_MAGIC;
  } catch {
    return false;
  }
}

/** Inode that tells one network namespace from another, as `/proc/PID/ns/net` shows it; null when it is gone. */
export function netnsInode(path: string): number | null {
  return netnsExists(path) ? statSync(path).ino : null;
}

/** Removes the empty file that a reboot or a killed `ip netns add` leaves; leaves a real namespace alone. */
export function removeNetnsFile(path: string): void {
  if (netnsExists(path)) return;
  try {
    unlinkSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
  }
}

/**
 * Opens a namespace for `inNetns`: never through a symbolic link, and only when it is one. The path lies where others
 * may write, so what was checked and what is used are the same descriptor (CVE-2021-30465 and its kin).
 */
export function openNetns(path: string): number {
  let fd: number;
  try {
    fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW);
  } catch (error) {
    throw new WarrenError("not-found", `the network namespace ${path} cannot be opened`, { cause: error });
  }
  if (fstatSync(fd).isFile() && statfsSync(`/proc/self/fd/${fd}`).type === NSFS_MAGIC) return fd;
  closeSync(fd);
  throw new WarrenError("not-found", `${path} is not a network namespace`);
}

/**
 * Calls `work` with this thread inside the namespace of `fd`, and comes back. A network namespace belongs to a thread
 * and the main thread is the one that JavaScript runs on, so `work` must be synchronous through and through: whatever it
 * left for later would run outside. When the way back fails the process ends, because every socket it would open from
 * then on belonged to the pod.
 */
export function inNetns<T>(fd: number, work: () => T extends Promise<unknown> ? never : T): T {
  setns ??= koffi.load("libc.so.6").func("int setns(int fd, int nstype)") as unknown as typeof setns;
  const home = openSync("/proc/thread-self/ns/net", constants.O_RDONLY);
  try {
    if (setns!(fd, CLONE_NEWNET) !== 0)
      throw new WarrenError("not-root", "the network namespace of a pod cannot be entered; CAP_SYS_ADMIN is needed");
    try {
      return work() as T;
    } finally {
      if (setns!(home, CLONE_NEWNET) !== 0) process.abort();
    }
  } finally {
    closeSync(home);
  }
}
