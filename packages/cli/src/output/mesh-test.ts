import { SHOWN_FAILURES } from "../mesh-test/limits.ts";
import type { MeshTestReport, TestResult, Verdict } from "../mesh-test/result.ts";
import { formatCount } from "./human.ts";
import { paint } from "./paint.ts";
import { type Column, formatTable } from "./table.ts";

const COLORS = { pass: "green", fail: "red", skip: "yellow" } as const satisfies Record<Verdict, string>;

/** A line a test with what it proved; beneath, what failed with what to look at next, and what is worth knowing. */
export function formatMeshTest(report: MeshTestReport, wide: boolean, color: boolean): string {
  const { tests } = report;
  const parts = [
    formatTable(columns(color), tests, wide),
    ...tests.filter(({ failures }) => failures.length > 0).map((test) => failureLines(test, wide, color)),
    noteLines(tests, color),
    summary(report, color),
  ];
  return parts.filter((part) => part !== "").join("\n");
}

function columns(color: boolean): Column<TestResult>[] {
  return [
    { header: "TEST", cell: ({ test }) => test },
    { header: "RESULT", cell: ({ verdict }) => paint(verdict, COLORS[verdict], color) },
    { header: "TIME", cell: ({ seconds }) => `${seconds.toFixed(1)}s` },
    { header: "PROVEN", cell: ({ proven }) => proven },
    { header: "FIGURES", cell: ({ figures }) => figuresOf(figures), wide: true },
    { header: "ABOUT", cell: ({ about }) => about, wide: true },
  ];
}

function figuresOf(figures: TestResult["figures"]): string {
  return Object.entries(figures)
    .map(([name, value]) => `${name}=${Number.isInteger(value) ? formatCount(value) : value}`)
    .join(" ");
}

/** Many failures have mostly one cause; the table shows the first, and says how many there are. */
function failureLines({ test, failures }: TestResult, wide: boolean, color: boolean): string {
  const shown = wide ? failures : failures.slice(0, SHOWN_FAILURES);
  const lines = shown.flatMap(({ subject, problem, next }, index) => [
    `  ${subject}: ${problem}`,
    // Said once while it stays the same.
    ...(shown[index + 1]?.next === next ? [] : [`      look at: ${next}`]),
  ]);
  const left = failures.length - shown.length;
  const rest = left > 0 ? [`  and ${left} more; -o wide shows all`] : [];
  return `${[paint(`${test} failed:`, "red", color), ...lines, ...rest].join("\n")}\n`;
}

function noteLines(tests: readonly TestResult[], color: boolean): string {
  const lines = tests.flatMap(({ test, notes }) => notes.map((note) => `  ${test}: ${note}`));
  return lines.length === 0 ? "" : `${[paint("notes:", "yellow", color), ...lines].join("\n")}\n`;
}

function summary(
  { passed, failed, skipped, seconds, nodes, silentNodes, asker, timedOut }: MeshTestReport,
  color: boolean,
): string {
  const verdict = failed > 0 ? paint(`${failed} failed`, "red", color) : `${failed} failed`;
  const who = `${nodes.length} of ${nodes.length + silentNodes.length} nodes answered, asked from ${asker ?? "the control plane"}`;
  const limit = timedOut ? "; the time limit ran out before all was done" : "";
  return `${passed} passed, ${verdict}, ${skipped} skipped in ${seconds.toFixed(1)} s (${who})${limit}\n`;
}
