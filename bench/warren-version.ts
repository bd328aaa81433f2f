import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { tryRun } from "@warren/common/runtime/run.ts";

const root = fileURLToPath(new URL("..", import.meta.url));

/** Release and commit of this checkout, as in `0.1.0 (c4f486b, with local changes)`. */
export async function warrenVersion(): Promise<string> {
  const { version } = JSON.parse(readFileSync(`${root}/package.json`, "utf8")) as { version: string };
  const git = (...args: string[]) => tryRun("git", ["-C", root, ...args]).catch(() => null);
  const commit = await git("rev-parse", "--short", "HEAD");
  if (commit?.code !== 0) return version;
  const changes = await git("status", "--porcelain", "--untracked-files=no");
  return `${version} (${commit.stdout.trim()}${changes?.stdout.trim() ? ", with local changes" : ""})`;
}
