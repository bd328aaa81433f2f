import { closeSync, fchmodSync, fsyncSync, openSync, renameSync, rmSync, writeSync } from "node:fs";
import { dirname } from "node:path";
import { WarrenError } from "../errors/warren-error.ts";

/**
 * Replaces a file at once: whoever reads it, also after `kill -9` or loss of power at any moment, finds the old content or
 * the new. When it returns the new one is on the disk. Synchronous, so that nothing can come between a decision and its
 * record. Throws `disk-full`, with the old content untouched.
 */
export function replaceFile(path: string, text: string, mode: number): void {
  const temporary = `${path}.new`;
  try {
    const fd = openSync(temporary, "w", mode);
    try {
      // The mode of `open` is cut by the umask, and does not touch a leftover that exists.
      fchmodSync(fd, mode);
      writeAll(fd, Buffer.from(text));
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
    renameSync(temporary, path);
    syncDirectory(dirname(path));
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code !== "ENOSPC" && code !== "EDQUOT") throw error;
    rmSync(temporary, { force: true });
    throw new WarrenError("disk-full", `${path} could not be written: no space left; make room on its file system`, {
      cause: error,
    });
  }
}

function writeAll(fd: number, bytes: Uint8Array): void {
  for (let done = 0; done < bytes.length; ) done += writeSync(fd, bytes, done);
}

/** A rename is on the disk only when its directory is. */
function syncDirectory(path: string): void {
  const fd = openSync(path, "r");
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}
