import { mkdirSync, readFileSync, rmdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { WarrenError } from "@warren/common/errors/warren-error.ts";

/** Every file that setting up a host writes begins with this: what does not is somebody else's. */
const MARK = "# Written by `warren ";

/** True for a file that an earlier `warren init` or `warren join` wrote, whatever was changed in it since. */
export function isOurs(path: string): boolean {
  return readText(path)?.startsWith(MARK) ?? false;
}

/** Throws `already-exists` for a file that is there and that we did not write. */
export function checkMayWrite(path: string): void {
  if (readText(path) === null || isOurs(path)) return;
  throw new WarrenError(
    "already-exists",
    `${path} is there and was not written by Warren; move it away, what is in it can be given by flags`,
  );
}

/** Writes a file and, where needed, its directory. The text begins with the mark of `isOurs`. */
export function writeOwned(path: string, text: string, mode: number): void {
  if (!text.startsWith(MARK)) throw new WarrenError("internal", `${path} would not be known as ours`);
  mkdirSync(dirname(path), { recursive: true, mode: 0o755 });
  writeFileSync(path, text, { mode });
}

/** Removes what is there, directories with all they hold. @returns the paths that were there */
export function removeAll(paths: readonly string[]): string[] {
  return paths.filter((path) => {
    try {
      rmSync(path, { recursive: true });
      return true;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return false;
      throw error;
    }
  });
}

/** Removes directories that nothing is in any more. @returns those that were removed */
export function removeEmpty(dirs: readonly string[]): string[] {
  return dirs.filter((dir) => {
    try {
      rmdirSync(dir);
      return true;
    } catch (error) {
      if (["ENOENT", "ENOTEMPTY", "EEXIST"].includes((error as NodeJS.ErrnoException).code ?? "")) return false;
      throw error;
    }
  });
}

function readText(path: string): string | null {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw error;
  }
}
