import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";

export const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/** One TypeScript file of the repository. */
export interface SourceFile {
  /** Relative to the repository. */
  readonly path: string;
  readonly text: string;
  /** What it imports: repository paths for our own modules, package and `node:` names as they stand. */
  readonly imports: readonly string[];
}

/** Paths of all files that git knows or would take, and that still exist; without what is generated. */
export function repositoryFiles(): string[] {
  const list = (...args: string[]) =>
    execFileSync("git", ["ls-files", "-z", ...args], { cwd: ROOT, encoding: "utf8", maxBuffer: 64 << 20 })
      .split("\0")
      .filter(Boolean);
  const deleted = new Set(list("--deleted"));
  return list("--cached", "--others", "--exclude-standard").filter((path) => !deleted.has(path));
}

export function readText(path: string): string {
  return readFileSync(join(ROOT, path), "utf8");
}

/** Every TypeScript source, tests included; AssemblyScript is another language and left out. */
export function sourceFiles(): SourceFile[] {
  return repositoryFiles()
    .filter((path) => /\.(m?ts|tsx)$/.test(path) && !path.startsWith("packages/agent/assembly/"))
    .map((path) => {
      const text = readText(path);
      return { path, text, imports: importsOf(path, text) };
    });
}

/**
 * Specifiers of static imports, re-exports, dynamic imports and worker URLs, resolved. Type-only imports count: the
 * direction of knowledge is what the architecture is about.
 */
export function importsOf(path: string, text: string): string[] {
  const code = withoutComments(text);
  const patterns = [
    /\b(?:import|export)\b[^"'`;]*?\bfrom\s*"([^"]+)"/g,
    /\bimport\s*"([^"]+)"/g,
    /\bimport\(\s*"([^"]+)"/g,
    /\bnew URL\(\s*"([^"]+\.ts)"/g,
  ];
  const specifiers = patterns.flatMap((pattern) => [...code.matchAll(pattern)].map((match) => match[1]!));
  return [...new Set(specifiers.map((specifier) => resolve(path, specifier)))];
}

/** `@warren/agent/app/x.ts` and `../app/x.ts` as `packages/agent/src/app/x.ts`. */
function resolve(path: string, specifier: string): string {
  if (specifier.startsWith(".")) return normalize(join(dirname(path), specifier));
  const [, name, rest] = /^@warren\/(\w+)\/(.+)$/.exec(specifier) ?? [];
  if (name === undefined || rest === undefined) return specifier;
  return name === "e2e" || name === "bench" ? `${name}/${rest}` : `packages/${name}/src/${rest}`;
}

function withoutComments(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\//g, "").replace(/^\s*\/\/.*$/gm, "");
}

/** Code that ships, as against tests and what only tests use. */
export function isProduct(path: string): boolean {
  return /^packages\/\w+\/src\//.test(path) && !isTestCode(path);
}

export function isTestCode(path: string): boolean {
  return path.endsWith(".test.ts") || path.includes("/testing/");
}
