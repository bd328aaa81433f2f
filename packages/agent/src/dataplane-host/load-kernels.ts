import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { WarrenError } from "@warren/common/errors/warren-error.ts";

const path = fileURLToPath(new URL("../../build/kernels.wasm", import.meta.url));

let compiled: WebAssembly.Module | undefined;

/**
 * The packet kernels, compiled once per process; a module may be posted to any thread.
 *
 * @throws `internal` when they were not built.
 */
export function loadKernels(): WebAssembly.Module {
  if (compiled) return compiled;
  try {
    compiled = new WebAssembly.Module(readFileSync(path));
  } catch (cause) {
    throw new WarrenError("internal", `cannot load the packet kernels ${path}: run \`node scripts/build-kernels.ts\``, {
      cause,
    });
  }
  return compiled;
}
