import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const sources = fileURLToPath(new URL("../packages/agent/assembly/", import.meta.url));
const output = fileURLToPath(new URL("../packages/agent/build/", import.meta.url));

/** Pages of 64 KiB of one arena. Initial equals maximum: the memory never moves, so its native address stays good. */
const ARENA_PAGES = 24;

const FLAGS = [
  ...["--importMemory", "--noExportMemory"],
  ...["--initialMemory", String(ARENA_PAGES), "--maximumMemory", String(ARENA_PAGES)],
  ...["--runtime", "stub", "--use", "abort="],
  ...["--enable", "simd,bulk-memory", "--optimizeLevel", "3", "--shrinkLevel", "0", "--converge", "--noAssert"],
];

export interface BuiltKernels {
  readonly path: string;
  /** False when the file was already there for these sources. */
  readonly built: boolean;
}

/**
 * Compiles the AssemblyScript kernels of the packet path to `packages/agent/build/kernels.wasm`. A stamp holds the hash
 * of sources, flags and compiler version, so a second call costs a few file reads. Throws with the compiler's own
 * messages when it refuses the sources.
 */
export async function buildKernels(): Promise<BuiltKernels> {
  const path = `${output}kernels.wasm`;
  const stampPath = `${output}kernels.stamp`;
  const stamp = contentHash();
  if (existsSync(path) && existsSync(stampPath) && readFileSync(stampPath, "utf8") === stamp) {
    return { path, built: false };
  }
  mkdirSync(output, { recursive: true });
  // The compiler takes 0.3 s to load: only when there is something to do.
  const { main } = await import("assemblyscript/asc");
  // Two processes may build at once: each writes its own file, and the rename puts it in place whole.
  const temporary = `kernels.${process.pid}.wasm`;
  const { error, stderr } = await main([
    "index.ts",
    ...FLAGS,
    "--outFile",
    `../build/${temporary}`,
    "--baseDir",
    sources,
  ]);
  if (error) throw new Error(`the packet kernels do not compile:\n${stderr.toString()}`, { cause: error });
  renameSync(`${output}${temporary}`, path);
  writeFileSync(stampPath, stamp);
  return { path, built: true };
}

function contentHash(): string {
  const hash = createHash("sha256").update(JSON.stringify(FLAGS));
  const compiler = fileURLToPath(import.meta.resolve("assemblyscript/package.json"));
  hash.update((JSON.parse(readFileSync(compiler, "utf8")) as { version: string }).version);
  for (const name of readdirSync(sources).sort())
    hash
      .update(name)
      .update("\0")
      .update(readFileSync(sources + name));
  return hash.digest("hex");
}

if (import.meta.main) {
  const { path, built } = await buildKernels();
  console.log(built ? `built ${path}` : `${path} is up to date`);
}
