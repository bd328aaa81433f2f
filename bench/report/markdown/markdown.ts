import { describeFailures, describeMachine } from "../about-run.ts";
import { peersAhead } from "../ahead.ts";
import { formatLimit, formatSpread } from "../format.ts";
import type { Report, SuiteResult } from "../report.ts";
import { stagesTables } from "../stages-table.ts";
import { type FigureResult, measuredReferences } from "../summary.ts";
import { table, text } from "./table.ts";

/** The tables for docs/benchmarks.md: systems, goals, medians, and the ratios of each of Warren's own systems. */
export function renderMarkdown({ started, command, machine, suites }: Report): string {
  const head = [started.slice(0, 10), `\`${command}\``, ...describeMachine(machine)].map(text).join("; ");
  const warnings = machine.warnings.map((warning) => `**Warning:** ${text(warning)}`);
  return `${[`${head}.`, ...warnings, ...suites.flatMap(section)].join("\n\n")}\n`;
}

function section(suite: SuiteResult): string[] {
  const { name, method, systems, figures, goals, failures } = suite;
  const measured = figures.filter(({ cells }) => cells.length > 0);
  const references = measuredReferences(suite);
  const ahead = measured.flatMap((figure) => peersAhead(figure, systems).map((line) => `${figure.name}: ${line}`));
  return [
    `### \`${text(name)}\``,
    `${text(method)}.`,
    table(
      ["system", "version", "what it is"],
      systems.map((system) => [system.name, system.version, system.about]),
    ),
    ...(goals.length > 0 ? [goalsTable(suite)] : []),
    ...(measured.length > 0 ? [medians(measured, suite)] : []),
    ...(suite.stages ? [["```text", ...stagesTables(suite.stages).slice(1), "```"].join("\n")] : []),
    ...systems.filter(({ role }) => role === "own").flatMap(({ name: own }) => ratios(own, measured, references)),
    ...(ahead.length > 0 ? [bullets("Where a peer is ahead:", ahead)] : []),
    ...(failures.length > 0 ? [bullets("What failed:", describeFailures(failures))] : []),
  ];
}

function goalsTable({ goals }: SuiteResult): string {
  return table(
    ["goal", "system", "against", "median (min–max)", "floor", "goal", "verdict"],
    goals.map((goal) => [
      goal.figure,
      goal.system,
      goal.against ?? "–",
      goal.measured ? formatSpread(goal.measured, goal.unit) : "–",
      formatLimit(goal, goal.floor),
      formatLimit(goal, goal.goal),
      goal.verdict,
    ]),
  );
}

/** Medians of all systems, a line for each figure. */
function medians(figures: readonly FigureResult[], { systems }: SuiteResult): string {
  return table(
    ["figure", ...systems.map(({ name }) => name)],
    figures.map(({ name: figure, about, unit, cells }) => [
      `\`${figure}\`: ${about}, ${unit}`,
      ...systems.map(({ name }) => {
        const value = cells.find(({ system }) => system === name)?.value;
        return value ? formatSpread(value) : "–";
      }),
    ]),
  );
}

/** Ratios of one system to each reference, a line for each figure; nothing when there is none. */
function ratios(own: string, figures: readonly FigureResult[], references: readonly string[]): string[] {
  const rows = figures.map(({ name, better, cells }) => {
    const found = cells.find(({ system }) => system === own)?.ratios ?? {};
    return { better, name, found };
  });
  if (rows.every(({ found }) => Object.keys(found).length === 0)) return [];
  return [
    table(
      [`${own}, ratio`, "better", ...references.map((reference) => `× ${reference}`)],
      rows.map(({ name, better, found }) => [
        name,
        better,
        ...references.map((reference) => {
          const ratio = found[reference];
          return ratio ? formatSpread(ratio) : "–";
        }),
      ]),
    ),
  ];
}

function bullets(title: string, items: readonly string[]): string {
  return [title, "", ...items.map((item) => `- ${text(item)}`)].join("\n");
}
