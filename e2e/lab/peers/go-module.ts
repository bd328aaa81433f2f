import { readFileSync } from "node:fs";
import { WarrenError } from "@warren/common/errors/warren-error.ts";
import { ASK_TIMEOUT_MS, BUILD_TIMEOUT_MS, type Builder, type Release, runToolchain } from "./builder.ts";

/** One release of a module. */
interface Module {
  readonly version: string;
  /** The Go that its `go.mod` asks for; null in modules older than that line. */
  readonly goVersion: string | null;
}

/** So many releases are looked at from the newest down before giving up. */
const LOOK_BACK = 4;

/** Programs of a Go module: `packages` are their paths below it (`.` for its root). The proxy is the user's own. */
export function goModule(module: string, packages: readonly string[]): Builder {
  return {
    releases: async (signal) => {
      const go = JSON.parse(await ask(["env", "-json", "GOVERSION", "GOTOOLCHAIN"], signal)) as Record<string, string>;
      const { Versions = [] } = JSON.parse(await ask(["list", "-m", "-versions", "-json", module], signal)) as {
        readonly Versions?: readonly string[];
      };
      const modules: Module[] = [];
      for (const version of newestReleases(Versions).slice(0, LOOK_BACK))
        modules.push(readModule(await ask(["list", "-m", "-json", `${module}@${version}`], signal)));
      return buildable(modules, go["GOVERSION"] ?? "", go["GOTOOLCHAIN"] ?? "");
    },
    build: async (version, directory, signal) => {
      const paths = packages.map((path) => `${path === "." ? module : `${module}/${path}`}@${version}`);
      const env = { ...process.env, GOBIN: directory };
      await runToolchain("go", ["install", ...paths], { env, signal, timeoutMs: BUILD_TIMEOUT_MS });
    },
  };
}

/** Released versions, newest first; `latest` (which the proxy resolves to a commit) where nothing was ever released. */
export function newestReleases(versions: readonly string[]): readonly string[] {
  // `go list` sorts by version; a hyphen makes a pre-release.
  const released = versions.filter((version) => !version.includes("-")).toReversed();
  return released.length > 0 ? released : ["latest"];
}

/** Reads what `go list -m -json` printed; its own `GoVersion` is left out just where this Go is too old. */
function readModule(text: string): Module {
  const { Version: version, GoMod } = JSON.parse(text) as { readonly Version: string; readonly GoMod: string };
  return { version, goVersion: /^go (\S+)/m.exec(readFileSync(GoMod, "utf8"))?.[1] ?? null };
}

/** Of modules, newest first, those that this Go can build, with a remark on the newer ones that it cannot. */
export function buildable(modules: readonly Module[], ours: string, toolchain: string): readonly Release[] {
  // A toolchain setting with `auto` or `path` lets Go fetch or find the version that a module asks for.
  const fixed = !/auto|path/.test(toolchain);
  const fits = ({ goVersion }: Module) => !fixed || goVersion === null || compareVersions(goVersion, ours) <= 0;
  const tooNew = modules.filter((module) => !fits(module));
  const wanting = tooNew.map(({ version, goVersion }) => `${version} wants Go ${goVersion}`);
  if (modules.length > 0 && tooNew.length === modules.length)
    throw new WarrenError("tool-failed", `this machine's ${ours} is too old: ${wanting.join(", ")}`);
  const remark = [`built with ${ours}`, ...wanting].join("; ");
  return modules.filter(fits).map(({ version }) => ({ version, remark }));
}

/** By the numbers in them, in their order: `1.27.3` is after `go1.26.8`. */
function compareVersions(a: string, b: string): number {
  const [left, right] = [a, b].map((text) => (text.match(/\d+/g) ?? []).map(Number)) as [number[], number[]];
  for (let index = 0; index < Math.max(left.length, right.length); index++) {
    const difference = (left[index] ?? 0) - (right[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

function ask(args: readonly string[], signal: AbortSignal): Promise<string> {
  return runToolchain("go", args, { signal, timeoutMs: ASK_TIMEOUT_MS });
}
