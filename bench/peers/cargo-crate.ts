import { renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { WarrenError } from "@warren/common/errors/warren-error.ts";
import { run } from "@warren/common/runtime/run.ts";
import { ASK_TIMEOUT_MS, BUILD_TIMEOUT_MS, type Builder } from "./builder.ts";

/** Programs of a crate. `cargo` takes the newest release that its compiler can build. */
export function cargoCrate(crate: string, programs: readonly string[]): Builder {
  return {
    releases: async (signal) => {
      const { stdout } = await run("cargo", ["info", crate], { signal, timeoutMs: ASK_TIMEOUT_MS });
      const compiler = await run("rustc", ["--version"], { signal, timeoutMs: ASK_TIMEOUT_MS });
      const version = crateVersion(stdout);
      const rustc = /\d+\.\d+\.\d+/.exec(compiler.stdout)?.[0] ?? "";
      return [{ version, remark: `built with rustc ${rustc}` }];
    },
    build: async (version, directory, signal) => {
      // The dependencies that its authors tested with.
      const args = ["install", crate, "--version", version, "--locked", "--root", directory];
      await run("cargo", args, { signal, timeoutMs: BUILD_TIMEOUT_MS });
      for (const program of programs) renameSync(join(directory, "bin", program), join(directory, program));
      rmSync(join(directory, "bin"), { recursive: true });
    },
  };
}

/** Reads what `cargo info` printed. */
export function crateVersion(text: string): string {
  const version = /^version: (\d[\w.+-]*)/m.exec(text)?.[1];
  if (version === undefined)
    throw new WarrenError("tool-failed", `cargo info named no version: ${text.trim() || "it printed nothing"}`);
  return version;
}
