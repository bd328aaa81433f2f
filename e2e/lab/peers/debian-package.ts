import { WarrenError } from "@warren/common/errors/warren-error.ts";
import { isExecutable } from "@warren/common/runtime/is-executable.ts";
import { run, tryRun } from "@warren/common/runtime/run.ts";
import { installPackages } from "../../../scripts/host-tools.ts";

/** A peer as Debian packages it. */
export interface DebianPackage {
  /** Version that apt would install or has installed; null when it knows no such package, or there is no apt. */
  candidate(signal: AbortSignal): Promise<string | null>;
  /** Installs it where it is missing. Throws `tool-missing` with apt's own words. */
  install(signal: AbortSignal): Promise<{ readonly version: string; readonly path: (program: string) => string }>;
}

/** `paths` tells where the package has which program of the peer. */
export function debianPackage(name: string, paths: Readonly<Record<string, string>>): DebianPackage {
  return {
    candidate: async (signal) => {
      const said = await tryRun("apt-cache", ["policy", name], { signal }).catch(() => null);
      return said === null ? null : aptCandidate(said.stdout);
    },
    install: async (signal) => {
      const missing = () => Object.values(paths).filter((path) => !isExecutable(path));
      const result = missing().length > 0 ? await installPackages([name], "the comparison") : null;
      if (missing().length > 0)
        throw new WarrenError("tool-missing", `apt could not install ${name}: ${result?.stderr.trim() || "no reason"}`);
      const { stdout } = await run("dpkg-query", ["--show", name], { signal });
      return { version: stdout.trim().split("\t").at(-1)!, path: (program) => paths[program]! };
    },
  };
}

/** Reads what `apt-cache policy` printed. */
export function aptCandidate(text: string): string | null {
  const version = /^ {2}Candidate: (\S+)$/m.exec(text)?.[1];
  return version === undefined || version === "(none)" ? null : version;
}
