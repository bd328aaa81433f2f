import { SaxesParser } from "saxes";
import { expect, test } from "vitest";
import { escapeXml, renderJunit } from "./junit.ts";
import type { MeshTestReport, TestResult } from "./result.ts";

const RESULT: TestResult = {
  ...{ test: "mtu", about: "about", verdict: "pass", proven: "6 pairs", seconds: 1.25 },
  ...{ figures: {}, failures: [], notes: [] },
};
const REPORT: MeshTestReport = {
  ...{
    started: "2026-01-01T00:00:00.123Z",
    seconds: 2.5,
    version: "0.1.0",
    asker: null,
    clusterId: "c",
    cipher: "none",
  },
  ...{ nodes: ["a", "b"], silentNodes: [], passed: 1, failed: 1, skipped: 1, timedOut: false },
  tests: [
    RESULT,
    {
      ...{ ...RESULT, test: "nodes", verdict: "fail" },
      failures: [
        { subject: "a → b", problem: 'said <"no"> & \u001b[31mleft\u0000\r\n', next: "`x` ]]> \ud800" },
        { subject: "c", problem: "gone", next: "look" },
      ],
    },
    { ...RESULT, test: "encryption", verdict: "skip", proven: "cipher is none" },
  ],
};

interface Element {
  readonly name: string;
  readonly attributes: Record<string, string>;
  readonly children: Element[];
  text: string;
}

/** Throws when the text is not well-formed XML. */
function parse(text: string): Element {
  const root: Element = { name: "", attributes: {}, children: [], text: "" };
  const stack = [root];
  const parser = new SaxesParser();
  parser.on("error", (error) => {
    throw error;
  });
  parser.on("opentag", ({ name, attributes }) => {
    const element: Element = { name, attributes: attributes as Record<string, string>, children: [], text: "" };
    stack.at(-1)!.children.push(element);
    stack.push(element);
  });
  parser.on("text", (content) => {
    stack.at(-1)!.text += content;
  });
  parser.on("closetag", () => {
    stack.pop();
  });
  parser.write(text).close();
  return root.children[0]!;
}

test("is well-formed, whatever a node said, and counts what build servers count", () => {
  const suites = parse(renderJunit(REPORT));
  const suite = suites.children[0]!;
  expect(suites.name).toBe("testsuites");
  expect(suite.attributes).toMatchObject({ tests: "3", failures: "1", errors: "0", skipped: "1", time: "2.5" });
  expect(suite.attributes["timestamp"]).toBe("2026-01-01T00:00:00");
  const [, pass, fail, skip] = suite.children;
  expect(pass!.attributes).toEqual({ classname: "warren.test", name: "mtu", time: "1.25" });
  expect(pass!.children.map(({ name }) => name)).toEqual(["system-out"]);
  const failure = fail!.children[0]!;
  expect(failure.attributes["message"]).toBe('a → b: said <"no"> & \\u001b[31mleft\\u0000\r\n (and 1 more)');
  expect(failure.text).toContain("look at: `x` ]]> \\ud800\nc: gone");
  expect(skip!.children[0]).toMatchObject({ name: "skipped", attributes: { message: "cipher is none" } });
});

test("the parser of this test does refuse what is not XML", () => {
  expect(() => parse("<a>\u0001</a>")).toThrow();
  expect(() => parse("<a><b></a>")).toThrow();
});

test("every UTF-16 unit comes out as something that XML can hold", () => {
  const all = Array.from({ length: 0x10000 }, (_, unit) => String.fromCharCode(unit)).join("x");
  expect(parse(`<a b="${escapeXml(all)}">${escapeXml(all)}</a>`).text).toHaveLength(
    parse(`<a>${escapeXml(all)}</a>`).text.length,
  );
  expect(parse(`<a>${escapeXml("tab\t, new\nline, \u{1f43e}")}</a>`).text).toBe("tab\t, new\nline, \u{1f43e}");
});
