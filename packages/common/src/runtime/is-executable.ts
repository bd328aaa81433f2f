import { accessSync, constants, statSync } from "node:fs";

/** True when `path` is a program that this process may run: a regular file, not a directory, with permission. */
export function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
