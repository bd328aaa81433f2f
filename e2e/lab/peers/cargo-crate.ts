import { renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { WarrenError } from "@warren/common/errors/warren-error.ts";
import { ASK_TIMEOUT_MS, BUILD_TIMEOUT_MS, type Builder, runToolchain } from "./builder.ts";

/** Programs of a crate. `cargo` takes the newest release that its compiler can build. */
export function cargoCrate(crate: string, programs: readonly string[]): Builder {
  return {
    releases: async (signal) => {
      const options = { signal, timeoutMs: ASK_TIMEOUT_MS };
      const version = crateVersion(await runToolchain("cargo", ["info", crate], options));
      const [compiler] = /\d+\.\d+\.\d+/.exec(await runToolchain("rustc", ["--version"], options)) ?? [];
      return [{ version, remark: `built with rustc ${compiler}` }];
    },
    build: async (version, directory, signal) => {
      // The dependencies that its authors tested with.
      const args = ["install", crate, "--version", version, "--locked", "--root", directory];
      // What a build that is broken off leaves goes with the directory, not to a place of cargo's own.
      const target = join(directory, "target");
      const env = { ...process.env, CARGO_TARGET_DIR: target };
      await runToolchain("cargo", args, { env, signal, timeoutMs: BUILD_TIMEOUT_MS });
      rmSync(target, { recursive: true });
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
