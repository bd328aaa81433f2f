import { closeSync, constants, ftruncateSync, openSync, readFileSync, writeSync } from "node:fs";
import { WarrenError } from "@warren/common/errors/warren-error.ts";
import koffi from "koffi";

const LOCK_EX = 2;
const LOCK_NB = 4;

/**
 * Takes the lock of a directory for the life of this process, by `flock` on the file `agent.lock` in it: the kernel gives it
 * back however the process ends, so that no stale lock is ever in the way. Throws `already-running` with the other's
 * process id, `config-invalid` when the directory cannot be written, `disk-full`.
 * @returns gives the lock back
 */
export function lockDirectory(dir: string, what: string): () => void {
  const path = `${dir}/agent.lock`;
  // Without O_CLOEXEC a program started in a pod would keep the lock after us; Node sets it on every open.
  const fd = openLock(path, what);
  const flock = koffi.load("libc.so.6").func("int flock(int fd, int operation)");
  if (flock(fd, LOCK_EX | LOCK_NB) !== 0) {
    const holder = readFileSync(path, "utf8").trim();
    closeSync(fd);
    throw new WarrenError(
      "already-running",
      `${what} ${dir} is in use by process ${holder || "unknown"}; stop that one or name another directory`,
    );
  }
  try {
    ftruncateSync(fd);
    writeSync(fd, `${process.pid}\n`, 0);
  } catch {
    // On a full disk the lock holds as well; its holder stays unnamed.
  }
  return () => closeSync(fd);
}

function openLock(path: string, what: string): number {
  try {
    return openSync(path, constants.O_RDWR | constants.O_CREAT, 0o600);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === "ENOSPC" || code === "EDQUOT")
      throw new WarrenError("disk-full", `${path} cannot be made: no space left; make room on its file system`, {
        cause: error,
      });
    throw new WarrenError("config-invalid", `${what} cannot be written: ${message}; name another directory`, {
      cause: error,
    });
  }
}
