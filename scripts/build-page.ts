import { createHash } from "node:crypto";
import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import manifest from "vite/package.json" with { type: "json" };

type PageSources = (root: string) => string[];
const { pageSources } = (await import(new URL("./page-sources.mjs", import.meta.url).href)) as {
  pageSources: PageSources;
};

const root = fileURLToPath(new URL("..", import.meta.url));
const page = join(root, "packages/dashboard");

export interface BuiltPage {
  /** The directory with `index.html`. */
  readonly path: string;
  /** False when it was already there for these sources. */
  readonly built: boolean;
}

/**
 * Builds the live page to `packages/dashboard/dist/`. A stamp holds the hash of sources and of vite's version, so a second
 * call costs a few file reads. Throws with vite's own messages when it refuses the sources.
 */
export async function buildPage(): Promise<BuiltPage> {
  const path = join(page, "dist");
  const stampPath = join(path, ".stamp");
  const stamp = contentHash();
  if (existsSync(stampPath) && readFileSync(stampPath, "utf8") === stamp) return { path, built: false };
  // vite takes a while to load: only when there is something to do.
  const { build } = await import("vite");
  // Two processes may build at once: each into its own directory, and the rename puts it in place whole.
  const temporary = join(page, `dist.${process.pid}`);
  try {
    await build({
      root: page,
      configFile: false,
      logLevel: "error",
      // The page may lie behind a proxy, at any path.
      base: "./",
      build: { outDir: temporary, emptyOutDir: true, modulePreload: false, assetsInlineLimit: 0 },
      oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
    });
    writeFileSync(join(temporary, ".stamp"), stamp);
    rmSync(path, { recursive: true, force: true });
    renameSync(temporary, path);
  } finally {
    rmSync(temporary, { recursive: true, force: true });
  }
  return { path, built: true };
}

function contentHash(): string {
  const hash = createHash("sha256").update(manifest.version);
  for (const file of pageSources(root)) hash.update(relative(root, file)).update("\0").update(readFileSync(file));
  return hash.digest("hex");
}

if (import.meta.main) {
  const { path, built } = await buildPage();
  console.log(built ? `built ${path}` : `${path} is up to date`);
}
