import { isProduct, type SourceFile } from "./source-files.ts";

/** Longer than this needs to be two files. */
export const MAX_LINES = 700;

export function tooLong(files: readonly SourceFile[]): string[] {
  return files
    .map((file) => ({ path: file.path, lines: file.text.split("\n").length }))
    .filter((file) => file.lines > MAX_LINES)
    .map((file) => `${file.path} has ${file.lines} lines; the limit is ${MAX_LINES}`);
}

/** Files that only pass on what others export: they hide where a thing is, and load what nobody asked for. */
export function barrels(files: readonly SourceFile[]): string[] {
  return files
    .filter((file) => {
      const statements = file.text
        .replace(/\/\*[\s\S]*?\*\//g, "")
        .split("\n")
        .filter((line) => /\S/.test(line) && !/^\s*\/\//.test(line));
      return statements.length > 0 && statements.every((line) => /^export\b.*\bfrom\b/.test(line));
    })
    .map((file) => file.path);
}

/** A shell takes what a user typed for commands (CVE-2026-32241): programs get argument arrays. */
export function shells(files: readonly SourceFile[]): string[] {
  return files
    .filter(
      (file) =>
        /\bshell:\s*(true|"|')/.test(file.text) ||
        /import\s*\{[^}]*\b(exec|execSync)\b[^}]*\}\s*from\s*"node:child_process"/.test(file.text),
    )
    .map((file) => file.path);
}

/** A comment of a paragraph, at the margin. */
const HEADER = /^\/\*\*?(\n \*.*){4}/m;

/** So short that name and signature tell all there is. */
const PLAIN_LINES = 8;

/**
 * Functions and classes that a product file exports without a TSDoc comment. None is needed by a short function, nor
 * by a class in a file whose header comment is about it.
 */
export function undocumented(files: readonly SourceFile[]): string[] {
  return files
    .filter((file) => isProduct(file.path) && !file.path.startsWith("packages/cli/src/commands/"))
    .flatMap((file) => {
      const lines = file.text.split("\n");
      const hasHeader = HEADER.test(file.text);
      return lines.flatMap((line, index) => {
        const [, kind, name] = /^export (?:async )?(function\*?|class|abstract class) (\w+)/.exec(line) ?? [];
        if (name === undefined || hasCommentAbove(lines, index)) return [];
        const plain = kind!.startsWith("function") ? lines.indexOf("}", index) - index < PLAIN_LINES : hasHeader;
        return plain ? [] : [`${file.path}:${index + 1} ${name}`];
      });
    });
}

function hasCommentAbove(lines: readonly string[], index: number): boolean {
  const above = lines.slice(0, index).findLast((line) => !/^\/\/ (biome|oxlint)/.test(line)) ?? "";
  return /^\s*\*\/|^\s*\/\*\*.*\*\/\s*$/.test(above);
}
