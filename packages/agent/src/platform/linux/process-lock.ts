import { closeSync, constants, ftruncateSync, openSync, readFileSync, writeSync } from "node:fs";
import { WarrenError } from "@warren/common/errors/warren-error.ts";
import koffi from "koffi";

const LOCK_EX = 2;
const LOCK_NB = 4;

/**
 * Takes the lock of a directory for the life of this process, by `flock` on the file `agent.lock` in it: the kernel gives it
 * back however the process ends, so that no stale lock is ever in the way. Throws `already-running` with the other's
 * process id.
 * @returns gives the lock back
 */
export function lockDirectory(dir: string, what: string): () => void {
  const path = `${dir}/agent.lock`;
  // Without O_CLOEXEC a program started in a pod would keep the lock after us; Node sets it on every open.
  const fd = openSync(path, constants.O_RDWR | constants.O_CREAT, 0o600);
  const flock = koffi.load("libc.so.6").func("int flock(int fd, int operation)");
  if (flock(fd, LOCK_EX | LOCK_NB) !== 0) {
    const holder = readFileSync(path, "utf8").trim();
    closeSync(fd);
    throw new WarrenError(
      "already-running",
      `${what} ${dir} is in use by process ${holder || "unknown"}; stop that one or name another directory`,
    );
  }
  ftruncateSync(fd);
  writeSync(fd, `${process.pid}\n`, 0);
  return () => closeSync(fd);
}
