import type { Failure, MeshTestReport, TestResult } from "./result.ts";

/** The report as JUnit's XML: one suite, one test case a test, which is what build servers read. */
export function renderJunit(report: MeshTestReport): string {
  const { tests, passed, failed, skipped, seconds, started } = report;
  const counts = { tests: passed + failed + skipped, failures: failed, errors: 0, skipped, time: seconds };
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    open("testsuites", { name: "warren test", ...counts }),
    `  ${open("testsuite", { name: "warren test", ...counts, timestamp: started.replace(/\.\d+Z$/, "") })}`,
    "    <properties>",
    ...properties(report).map(([name, value]) => `      ${empty("property", { name, value })}`),
    "    </properties>",
    ...tests.map(testCase),
    "  </testsuite>",
    "</testsuites>",
    "",
  ].join("\n");
}

function properties({ version, asker, clusterId, cipher, nodes, silentNodes }: MeshTestReport): [string, string][] {
  return [
    ["version", version],
    ["asked from", asker ?? "control plane"],
    ["cluster", clusterId],
    ["cipher", cipher],
    ["nodes", nodes.join(" ")],
    ["silent nodes", silentNodes.join(" ")],
  ];
}

function testCase({ test, verdict, proven, failures, notes, seconds }: TestResult): string {
  const lines = [`    ${open("testcase", { classname: "warren.test", name: test, time: seconds })}`];
  if (verdict === "skip") lines.push(`      ${empty("skipped", { message: proven })}`);
  // Readers take only the first: one element with all of them.
  if (verdict === "fail") {
    const message = `${failures[0]!.subject}: ${failures[0]!.problem}${more(failures.length - 1)}`;
    lines.push(
      `      ${open("failure", { type: test, message })}${escapeXml(failures.map(paragraph).join("\n"))}</failure>`,
    );
  }
  const output = [proven, ...notes.map((note) => `note: ${note}`)].join("\n");
  lines.push(`      <system-out>${escapeXml(output)}</system-out>`, "    </testcase>");
  return lines.join("\n");
}

function more(count: number): string {
  return count === 0 ? "" : ` (and ${count} more)`;
}

function paragraph({ subject, problem, next }: Failure): string {
  return `${subject}: ${problem}\n  look at: ${next}`;
}

type Attributes = Readonly<Record<string, string | number>>;

function open(name: string, attributes: Attributes): string {
  return `<${name}${written(attributes)}>`;
}

function empty(name: string, attributes: Attributes): string {
  return `<${name}${written(attributes)}/>`;
}

function written(attributes: Attributes): string {
  return Object.entries(attributes)
    .map(([name, value]) => ` ${name}="${escapeXml(String(value)).replaceAll("\n", "&#10;")}"`)
    .join("");
}

const ENTITIES: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };

/**
 * For content and for attributes in double quotes. What XML 1.0 cannot hold in any form (§2.2: control characters, lone
 * surrogates, U+FFFE and U+FFFF) is written as its number: a message may quote whatever another host said.
 */
export function escapeXml(text: string): string {
  return (
    text
      .replace(/[&<>"]/g, (sign) => ENTITIES[sign]!)
      .replace(/\r/g, "&#13;")
      // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
      .replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]|\p{Surrogate}/gu, (sign) => {
        return `\\u${sign.charCodeAt(0).toString(16).padStart(4, "0")}`;
      })
  );
}
