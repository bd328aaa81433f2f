import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const SRC = dirname(fileURLToPath(import.meta.url));
const COMMON = join(SRC, "../../common/src");

/** Everything that is loaded before the first line of the entries runs: static imports, followed through our files. */
function loadedBy(...entries: string[]): Set<string> {
  const seen = new Set<string>();
  const visit = (file: string): void => {
    if (seen.has(file)) return;
    seen.add(file);
    const text = readFileSync(file, "utf8");
    for (const [, specifier] of text.matchAll(/^import\s+(?!type\b)(?:[^;]*?from\s+)?"([^"]+)"/gms)) {
      if (specifier!.startsWith(".")) visit(join(dirname(file), specifier!));
      else if (specifier!.startsWith("@warren/common/"))
        visit(join(COMMON, specifier!.slice("@warren/common/".length)));
      else seen.add(specifier!);
    }
  };
  for (const entry of entries) visit(join(SRC, entry));
  return seen;
}

test("short commands load neither commander, zod, yaml, gRPC nor node:http: their start time is what users wait for", () => {
  const short = ["pod-add", "pod-del", "pod-list", "token-create", "status", "nodes", "peers", "ipam"];
  const loaded = loadedBy("main.ts", ...short.map((name) => `commands/${name}.ts`));
  const foreign = [...loaded].filter((name) => !name.startsWith("/"));
  expect(foreign.sort()).toEqual(["node:net", "node:path", "node:tty"]);
});

test("a short command reads few modules: each costs a third of a millisecond", () => {
  const loaded = loadedBy("main.ts", "commands/pod-add.ts");
  const files = [...loaded].filter((name) => name.startsWith("/"));
  expect(files.length).toBeLessThan(25);
});
