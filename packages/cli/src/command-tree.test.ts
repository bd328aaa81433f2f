import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { COMMANDS } from "./command-tree.ts";
import { completionPoints } from "./completion/words.ts";
import type { Parsed } from "./parsed.ts";
import { parseWithHelp } from "./program.ts";
import { cliReference } from "./reference/cli-reference.ts";
import { errorReference } from "./reference/error-reference.ts";
import { runWarren } from "./testing/run-warren.ts";

const RUNNABLE = COMMANDS.filter((spec) => spec.load);
const page = (name: string) => readFileSync(new URL(`../../../docs/${name}`, import.meta.url), "utf8");

test.each(COMMANDS.map((spec) => [spec.path, spec] as const))(
  "%s explains itself, with an example",
  async (_, spec) => {
    expect(spec.description).toMatch(/^[A-Z].*\.$/);
    const { code, stdout } = await runWarren([...spec.path.split(" "), "--help"]);
    expect(code).toBe(0);
    for (const example of spec.examples) expect(stdout).toContain(example.command);
    expect(spec.examples.length).toBeGreaterThan(0);
  },
);

test.each(RUNNABLE.map((spec) => [spec.path, spec] as const))(
  "%s: its examples are command lines that parse",
  (_, spec) => {
    for (const { command } of spec.examples) {
      expect(parse(words(command)), command).toMatchObject({ spec: { path: spec.path } });
    }
  },
);

test.each(RUNNABLE.map((spec) => [spec.path, spec] as const))("%s can be loaded", async (_, spec) => {
  expect((await spec.load!()).run).toBeTypeOf("function");
});

test("every command, flag and fixed value can be completed", () => {
  const points = completionPoints(COMMANDS);
  for (const spec of COMMANDS) {
    const parent = points.find((point) => point.path === spec.path.split(" ").slice(0, -1).join(" "));
    expect(parent?.subcommands, spec.path).toContain(spec);
    const own = points.find((point) => point.path === spec.path)!;
    expect(own.flags.map((flag) => flag.name)).toEqual([...spec.flags.map((flag) => flag.name), "help"]);
  }
});

test("parents stand before their children, and no path is there twice", () => {
  const seen = new Set<string>();
  for (const { path } of COMMANDS) {
    const parent = path.split(" ").slice(0, -1).join(" ");
    expect(parent === "" || seen.has(parent), path).toBe(true);
    expect(seen.has(path), path).toBe(false);
    seen.add(path);
  }
});

test("every command that answers takes -o, and every one that asks a service takes --run-dir", () => {
  const silent = ["control", "agent", "pod exec", "completion", "bench mesh serve"];
  const alone = ["init", "join", "completion", "version", "config print", "bench crypto"];
  for (const spec of RUNNABLE) {
    const flags = spec.flags.map((flag) => flag.name);
    expect(flags.includes("output"), spec.path).toBe(!silent.includes(spec.path));
    expect(flags.includes("run-dir") || alone.includes(spec.path), spec.path).toBe(true);
  }
});

test("docs/cli.md and docs/errors.md are what `npm run docs` writes", () => {
  expect(page("cli.md")).toBe(cliReference(COMMANDS));
  expect(page("errors.md")).toBe(errorReference());
});

function parse(argv: readonly string[]): Parsed | undefined {
  const dashes = argv.indexOf("--");
  return parseWithHelp(COMMANDS, dashes < 0 ? argv : argv.slice(0, dashes), () => {});
}

/** The words behind `warren` in an example: without what the shell around it does, quotes taken off. */
function words(command: string): string[] {
  const inner = /\$\(warren ([^)]*)\)/.exec(command)?.[1] ?? command.replace(/^warren /, "").replace(/ > .*$/, "");
  return [...inner.matchAll(/"([^"]*)"|(\S+)/g)].map((match) => match[1] ?? match[2]!);
}
