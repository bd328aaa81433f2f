import { mkdirSync, readdirSync, renameSync, rmSync, statSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { isExecutable } from "@warren/common/runtime/is-executable.ts";

/** Programs of one release of one peer, on disk. */
export interface Cached {
  readonly version: string;
  /** The directory that holds the programs. */
  readonly directory: string;
}

/** `$XDG_CACHE_HOME/warren/peers`, or the same below `~/.cache`: a peer's releases are `PEER/VERSION/PROGRAM`. */
export function peersDirectory(env: NodeJS.ProcessEnv = process.env): string {
  // The XDG specification has a relative path ignored.
  const base = env["XDG_CACHE_HOME"]?.startsWith("/") ? env["XDG_CACHE_HOME"] : join(homedir(), ".cache");
  return join(base, "warren", "peers");
}

/** Releases of `peer` that are there with all of `programs`, the one that was built last first. */
export function cachedReleases(cache: string, peer: string, programs: readonly string[]): readonly Cached[] {
  return entries(join(cache, peer))
    .filter((version) => !version.startsWith("."))
    .map((version) => ({ version, directory: join(cache, peer, version) }))
    .filter(({ directory }) => programs.every((program) => isExecutable(join(directory, program))))
    .map((cached) => ({ cached, builtMs: statSync(cached.directory).mtimeMs }))
    .sort((a, b) => b.builtMs - a.builtMs)
    .map(({ cached }) => cached);
}

/**
 * Lets `build` fill a directory and makes it the peer's release `version` in one step: a build that was broken off, or
 * that another process makes at the same time, is never taken for a whole one.
 */
export async function addRelease(
  cache: string,
  peer: string,
  version: string,
  build: (directory: string) => Promise<void>,
): Promise<Cached> {
  const directory = join(cache, peer, version);
  const unfinished = join(cache, peer, `.${version}.${process.pid}`);
  mkdirSync(unfinished, { recursive: true });
  try {
    await build(unfinished);
    rmSync(directory, { recursive: true, force: true });
    renameSync(unfinished, directory);
  } finally {
    // A compiler that outlived its broken-off build may still be writing.
    rmSync(unfinished, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
  }
  return { version, directory };
}

function entries(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}
