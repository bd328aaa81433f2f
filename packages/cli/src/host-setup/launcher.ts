import { existsSync, realpathSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { WarrenError } from "@warren/common/errors/warren-error.ts";

/** How a service starts the Warren that is running now. */
export interface Launcher {
  /** Program and first arguments, with absolute paths: a unit has no PATH of a shell. */
  readonly words: readonly string[];
  /** Directories that it is read from. */
  readonly dirs: readonly string[];
}

/**
 * The `warren` of a checkout; else, in an installed package, this Node.js on its entry file: `#!/usr/bin/env node` would
 * look for another Node.js than the one that the user of `npm` has.
 */
export function findLauncher(entry = process.argv[1] ?? "", node = process.execPath): Launcher {
  const file = realpathSync(entry);
  const root = join(dirname(file), "../../..");
  const script = join(root, "warren");
  if (file.endsWith("/packages/cli/src/main.ts") && existsSync(script)) return { words: [script], dirs: [root] };
  const modules = /^(.*?\/node_modules)\//.exec(file)?.[1];
  return { words: [node, file], dirs: [modules ?? dirname(file), dirname(node)] };
}

/** Who is to run it. */
export interface Runner {
  /** For messages: "the user warren". */
  readonly who: string;
  /** Owns nothing of what is on the way; root only what is root's, since it has no CAP_DAC_OVERRIDE in a unit. */
  readonly isRoot: boolean;
  /** Its unit shows it the directories of the launcher in an otherwise empty /home and /root. */
  readonly hasOwnHomes: boolean;
}

interface Mode {
  readonly uid: number;
  readonly mode: number;
}

/** Throws `config-invalid` when the runner could not come to the launcher: its unit would fail with "Permission denied". */
export function checkReachable(
  { dirs }: Launcher,
  { who, isRoot, hasOwnHomes }: Runner,
  modeOf: (path: string) => Mode = statSync,
): void {
  for (const dir of dirs) {
    for (const path of ancestors(dir)) {
      const isHidden = hasOwnHomes && path !== dir && /^\/(home|root|run\/user)(\/|$)/.test(path);
      const { uid, mode } = modeOf(path);
      const bits = isRoot && uid === 0 ? mode >> 6 : mode;
      if (isHidden || (bits & 0o5) === 0o5) continue;
      throw new WarrenError(
        "config-invalid",
        `Warren is in ${dir}, and ${who} may not enter ${path} (mode 0${(mode & 0o777).toString(8)}); move it to /opt/warren, for example, and run it from there`,
      );
    }
  }
}

/** The path itself and all directories above it, from `/` on. */
function ancestors(path: string): string[] {
  return path === "/" ? ["/"] : [...ancestors(dirname(path)), path];
}
