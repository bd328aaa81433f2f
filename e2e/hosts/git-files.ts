import { execFileSync } from "node:child_process";

/** Paths that `git ls-files` lists with these options. */
export function gitFiles(root: string, options: readonly string[]): string[] {
  const listed = execFileSync("git", ["ls-files", "-z", ...options], {
    cwd: root,
    encoding: "utf8",
    maxBuffer: 64 << 20,
  });
  return listed.split("\0").filter(Boolean);
}
