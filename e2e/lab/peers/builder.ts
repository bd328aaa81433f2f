import { WarrenError } from "@warren/common/errors/warren-error.ts";
import { type RunOptions, tryRun } from "@warren/common/runtime/run.ts";

/** A release that can be built here. */
export interface Release {
  /** As its registry spells it: part of a path of the cache. */
  readonly version: string;
  /** What a reader must know besides: the compiler, newer releases that it cannot build. */
  readonly remark: string;
}

/** Makes the programs of a peer from its source, with a toolchain of this machine and that toolchain's registry. */
export interface Builder {
  /**
   * The releases that this machine's toolchain can build, newest first, a few at most. Throws `tool-missing` without
   * the toolchain, `unavailable` when the registry does not answer, `tool-failed` when none can be built.
   */
  releases(signal: AbortSignal): Promise<readonly Release[]>;
  /** Puts the programs of `version` into an empty directory. Throws with the toolchain's own words. */
  build(version: string, directory: string, signal: AbortSignal): Promise<void>;
}

/** A registry that is slow is as good as none: what is in the cache is measured instead. */
export const ASK_TIMEOUT_MS = 30_000;
/** Compiling on two busy cores, everything that is imported included. */
export const BUILD_TIMEOUT_MS = 600_000;

/** Runs a toolchain's program and returns what it printed. Throws `tool-failed` with the gist of why it failed. */
export async function runToolchain(program: string, args: readonly string[], options: RunOptions): Promise<string> {
  const { code, stdout, stderr } = await tryRun(program, args, options);
  if (code !== 0)
    throw new WarrenError("tool-failed", `${program} ${args[0]}: ${gistOf(stderr) || `exit code ${code}`}`);
  return stdout;
}

/**
 * Why a toolchain failed, for a report that others read: its last words, after the lines on what it downloaded and
 * compiled, without the addresses of registries and the folders of this machine.
 */
export function gistOf(stderr: string): string {
  const lines = stderr.split("\n").map((line) => line.trim());
  return lines
    .filter((line) => line !== "")
    .slice(-2)
    .join(" ")
    .replace(/https?:\/\/[^\s"]+?(?=:?(["\s]|$))/g, "…")
    .replace(/(^|\s)\/\S+\//g, "$1…/");
}
