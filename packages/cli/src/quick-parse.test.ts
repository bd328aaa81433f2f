import fc from "fast-check";
import { expect, test } from "vitest";
import type { CommandSpec, FlagSpec } from "./command-spec.ts";
import { COMMANDS } from "./command-tree.ts";
import type { Parsed } from "./parsed.ts";
import { parseWithHelp } from "./program.ts";
import { quickParse } from "./quick-parse.ts";

const RUNNABLE = COMMANDS.filter((spec) => spec.load);

/** What commander makes of a command line; undefined for help and for errors. */
function commander(words: readonly string[]): Parsed | undefined {
  try {
    return parseWithHelp(COMMANDS, words, () => {});
  } catch {
    return undefined;
  }
}

const word = fc.oneof(
  fc.stringMatching(/^[a-z0-9.:/=,-]{1,8}$/),
  fc.constantFrom(
    "",
    "-",
    "--",
    "-o",
    "json",
    "--run-dir",
    "--help",
    "-h",
    "--no-color",
    "--output=json",
    "--release",
    "é",
  ),
);

function flagWords(flag: FlagSpec): fc.Arbitrary<string[]> {
  const name = fc.constantFrom(`--${flag.name}`, ...(flag.short ? [`-${flag.short}`] : []));
  if (flag.value === undefined) return name.map((text) => [text]);
  const value = flag.choices ? fc.constantFrom(...flag.choices) : fc.stringMatching(/^[a-z0-9.:/=,]{1,8}$/);
  return fc.oneof(
    fc.tuple(name, value).map((pair) => [...pair]),
    value.map((text) => [`--${flag.name}=${text}`]),
  );
}

/** A command line that is right: arguments and flags in any order. */
function wellFormed(spec: CommandSpec): fc.Arbitrary<string[]> {
  const args = (spec.arguments ?? []).map((argument) =>
    (argument.choices ? fc.constantFrom(...argument.choices) : fc.stringMatching(/^[a-z0-9.:/=,]{1,8}$/)).map(
      (text) => [text],
    ),
  );
  const flags = fc.shuffledSubarray([...spec.flags]).chain((chosen) => fc.tuple(...chosen.map(flagWords)));
  return fc
    .tuple(fc.tuple(...args), flags, fc.boolean(), fc.boolean())
    .map(([first, second, flagsFirst, noColor]) => [
      ...spec.path.split(" "),
      ...(flagsFirst ? [...second, ...first] : [...first, ...second]).flat(),
      ...(noColor ? ["--no-color"] : []),
    ]);
}

test("a well-formed command line is parsed, and as commander parses it", () => {
  fc.assert(
    fc.property(fc.constantFrom(...RUNNABLE).chain(wellFormed), (words) => {
      // `nodes revoke …` with a first argument that is itself a command belongs to that command.
      const quick = quickParse(COMMANDS, words);
      expect(quick).toBeDefined();
      expect(quick).toEqual(commander(words));
    }),
    { numRuns: 300 },
  );
});

test("whatever it parses of any words at all, commander parses the same", () => {
  const path = fc.constantFrom(...COMMANDS.map((spec) => spec.path.split(" ")));
  fc.assert(
    fc.property(path, fc.array(word, { maxLength: 6 }), (start, more) => {
      const quick = quickParse(COMMANDS, [...start, ...more]);
      if (quick !== undefined) expect(quick).toEqual(commander([...start, ...more]));
    }),
    { numRuns: 1000 },
  );
});

test("what needs explaining is left to commander", () => {
  for (const line of [
    "",
    "help",
    "pod",
    "pod add",
    "pod add a b",
    "pod list --help",
    "status -o",
    "status -o xml",
    "nodes x",
  ]) {
    expect(quickParse(COMMANDS, line.split(" ").filter(Boolean)), line).toBeUndefined();
  }
});
