import { expect, test } from "vitest";
import { barrels, shells, tooLong, undocumented } from "./house-rules.ts";
import { readText, repositoryFiles, type SourceFile, sourceFiles } from "./source-files.ts";

const files = sourceFiles();
const planted = (path: string, text: string): SourceFile[] => [{ path, text, imports: [] }];

test("no file is longer than a reader can hold", () => {
  expect(tooLong(files)).toEqual([]);
  expect(tooLong(planted("x.ts", "\n".repeat(701)))).toHaveLength(1);
});

test("no file only passes on what others export", () => {
  expect(barrels(files)).toEqual([]);
  expect(barrels(planted("x.ts", '/** All. */\nexport * from "./a.ts";\nexport { b } from "./b.ts";\n'))).toEqual([
    "x.ts",
  ]);
});

test("no program is started through a shell", () => {
  // The first needle is split, so that this file does not find itself.
  const shellOption = `spawn("x", [], { ${"shell"}: true })`;
  expect(shells(files)).toEqual([]);
  expect(shells(planted("x.ts", shellOption))).toEqual(["x.ts"]);
  expect(shells(planted("x.ts", `import { ${"exec"} } from "node:child_process";`))).toEqual(["x.ts"]);
});

test("every exported function and class of the product says what it is for", () => {
  expect(undocumented(files)).toEqual([]);
  const path = "packages/agent/src/pods/x.ts";
  const body = `{\n${"  a();\n".repeat(10)}}\n`;
  expect(undocumented(planted(path, `export function f() ${body}`))).toEqual([`${path}:1 f`]);
  expect(undocumented(planted(path, `/** Does. */\nexport class C ${body}`))).toEqual([]);
  expect(undocumented(planted(path, "export function ttl(p: P) {\n  return p.ttl;\n}\n"))).toEqual([]);
});

test("no tracked text names a place of one machine or a registry host", () => {
  // Split, so that this file does not find itself.
  const needles = [
    `/${"work"}/(main|shared)`,
    `/${"home"}/\\w+/`,
    `/${"Users"}/\\w+/`,
    `/root/\\.${"npm"}`,
    `${"https"}?://[^\\s"')]*(${"registry"}|npm${"mirror"}|artifact${"ory"}|${"verdaccio"}|deb\\.${"debian"})`,
  ].map((text) => new RegExp(text));
  const found = repositoryFiles()
    .filter((path) => !/\.(png|svg|gz|bin|pcap|wasm)$/.test(path))
    .flatMap((path) => {
      const text = readText(path);
      return needles.filter((needle) => needle.test(text)).map((needle) => `${path}: ${needle.exec(text)![0]}`);
    });
  expect(found).toEqual([]);
});
