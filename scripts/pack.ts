/**
 * `npm run pack`: `build/packages/warren-*.tgz`, the packages as `npm install` wants them. Node runs no TypeScript below
 * node_modules, so what a package holds is `dist/`: its sources without types.
 */
import { globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { run } from "../packages/common/src/runtime/run.ts";
import { buildKernels } from "./build-kernels.ts";
import { buildPage } from "./build-page.ts";
import { isPublished, publishedSource } from "./pack/published-source.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const OUTPUT = join(ROOT, "build/packages");

interface Manifest {
  readonly name: string;
  readonly version: string;
  /** Only of a package of modules; the page's `dist/` is vite's. */
  readonly exports?: object;
}

/** Makes all packages anew. @returns the path of each tarball by the name of its package */
export async function packAll(): Promise<ReadonlyMap<string, string>> {
  await buildKernels();
  await buildPage();
  rmSync(OUTPUT, { recursive: true, force: true });
  mkdirSync(OUTPUT, { recursive: true });
  const folders = globSync("packages/*/package.json", { cwd: ROOT }).map((path) => join(ROOT, dirname(path)));
  for (const folder of folders) if (manifestOf(folder).exports) publish(folder);
  // Resolves workspace: and catalog:, and puts `publishConfig` in place of what serves the checkout.
  const { packageManager } = readJson(join(ROOT, "package.json")) as { packageManager: string };
  const pnpm = ["--yes", `--package=${packageManager}`, "--", "pnpm"];
  const pack = ["--dir", ROOT, "--recursive", "--filter", "./packages/*", "pack", "--pack-destination", OUTPUT];
  await run("npx", [...pnpm, ...pack], { timeoutMs: 120_000 });
  return new Map(
    folders.map((folder) => {
      const { name, version } = manifestOf(folder);
      return [name, join(OUTPUT, `${name.slice(1).replace("/", "-")}-${version}.tgz`)];
    }),
  );
}

/** Fills the package's `dist/`. */
function publish(folder: string): void {
  const [from, to] = [join(folder, "src"), join(folder, "dist")];
  rmSync(to, { recursive: true, force: true });
  for (const path of globSync("**/*.ts", { cwd: from }).filter(isPublished)) {
    const target = join(to, path.replace(/\.ts$/, ".js"));
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(target, publishedSource(readFileSync(join(from, path), "utf8")));
  }
}

function manifestOf(folder: string): Manifest {
  return readJson(join(folder, "package.json")) as Manifest;
}

function readJson(path: string): unknown {
  return JSON.parse(readFileSync(path, "utf8"));
}

if (import.meta.main) for (const path of (await packAll()).values()) console.log(path);
