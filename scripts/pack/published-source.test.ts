import { expect, test } from "vitest";
import { isPublished, publishedSource } from "./published-source.ts";

test("modules beside a module get their published names, however they are named in the source", () => {
  const source = [
    'import { a } from "./a.ts";',
    'import "../b.ts";',
    'const c = await import("./c.ts");',
    'const worker = new Worker(new URL("./worker-entry.ts", import.meta.url));',
    'import {\n  d,\n} from "../../d/d.ts";',
  ];
  const published = publishedSource(source.join("\n"));
  expect(published).not.toContain(".ts");
  expect(published.match(/"[^"]+\.js"/g)).toEqual([
    ...['"./a.js"', '"../b.js"', '"./c.js"', '"./worker-entry.js"', '"../../d/d.js"'],
  ]);
});

test("other packages, data and texts keep their names", () => {
  const source = [
    'import { x } from "@warren/common/net/x.ts";',
    'import manifest from "../../package.json" with { type: "json" };',
    'const help = "see ./main.ts";',
  ].join("\n");
  expect(publishedSource(source)).toBe(source);
});

test("types go, and every line stays where it was", () => {
  const source = 'import type { A } from "./a.ts";\n\nexport const a = (b: A): number => b.length;\n';
  expect(publishedSource(source)).toBe("\n\nexport const a = (b   )         => b.length;\n");
});

test("tests and what only they load are left out", () => {
  const files = ["app/a.ts", "app/a.test.ts", "testing/b.ts", "wire/testing/c.ts", "wire/testdata/d.ts", "e.d.ts"];
  expect(files.filter(isPublished)).toEqual(["app/a.ts"]);
});
