import { describeIntervals, describeKey } from "@warren/agent/lab/figure.ts";
import type { Change, Comparison, Figure, LabFailure, LabLine, LabRun } from "@warren/agent/lab/run.ts";
import { formatNumber } from "@warren/common/report/format.ts";
import { stageTables } from "./lab-stages.ts";
import { paint } from "./paint.ts";
import { type Column, formatTable } from "./table.ts";

const COLORS = { faster: "green", better: "green", slower: "red", worse: "red", "no real difference": "dim" } as const;

/** A run of the laboratory for people: lines, what could not be measured, and what changed since an earlier run. */
export function formatRun(run: LabRun, wide: boolean, color: boolean): string {
  const { machine, settings, lines, failures, warnings, comparison } = run;
  const about = Object.entries(settings).map(([name, value]) => `${name} ${value}`);
  const parts = [
    `${machine.cpu}, ${machine.cores} cores, Linux ${machine.kernel}, Node ${machine.node}, OpenSSL ${machine.openssl}\n`,
    `${about.join(", ")}; ${describeIntervals(run)}\n`,
    ...warnings.map((warning) => `${paint(`warning: ${warning}`, "yellow", color)}\n`),
    lines.length > 0 ? `\n${formatTable(columnsOf(lines, comparison, color), lines, wide)}` : "",
    ...stageTables(lines, wide).map((table) => `\n${table}`),
    failures.length > 0 ? `\n${formatFailures(failures)}` : "",
    comparison ? `\n${formatComparison(comparison)}` : "",
  ];
  return parts.join("");
}

function columnsOf(lines: readonly LabLine[], comparison: Comparison | undefined, color: boolean): Column<LabLine>[] {
  const names = [...new Set(lines.flatMap(({ key }) => Object.keys(key)))];
  const figures = new Map(lines.flatMap(({ figures: each }) => each.map((figure) => [figure.name, figure])));
  return [
    ...names.map((name) => ({ header: name.toUpperCase(), cell: ({ key }: LabLine) => String(key[name] ?? "") })),
    ...[...figures.values()].flatMap((figure) => figureColumns(figure, comparison, color)),
  ];
}

function figureColumns(
  { name, unit, kind }: Figure,
  comparison: Comparison | undefined,
  color: boolean,
): Column<LabLine>[] {
  const value = (line: LabLine, text: (figure: Figure) => string) => {
    const figure = line.figures.find((each) => each.name === name);
    return figure && figure.samples.length > 0 ? text(figure) : "";
  };
  const change = (line: LabLine, text: (change: Change) => string) => {
    const found = comparison?.changes.find(({ key, figure }) => figure === name && key === line.key);
    return found ? text(found) : "";
  };
  const isCompared = comparison?.changes.some(({ figure }) => figure === name) ?? false;
  const header = `${name} ${unit}`.toUpperCase().replaceAll(" ", "-");
  return [
    { header, cell: (line) => value(line, ({ median }) => formatNumber(median)) },
    {
      header: "INTERVAL",
      cell: (line) => value(line, ({ low, high }) => `${formatNumber(low)}–${formatNumber(high)}`),
      wide: kind === "shown",
    },
    { header: "SAMPLES", cell: (line) => value(line, ({ samples }) => String(samples.length)), wide: true },
    ...(isCompared
      ? [
          { header: "×THEN", cell: (line: LabLine) => change(line, ({ ratio }) => ratio.toFixed(3)) },
          {
            header: "INTERVAL",
            cell: (line: LabLine) => change(line, ({ low, high }) => `${low.toFixed(3)}–${high.toFixed(3)}`),
            wide: true,
          },
          { header: "P", cell: (line: LabLine) => change(line, ({ p }) => p.toPrecision(2)), wide: true },
          {
            header: "VERDICT",
            cell: (line: LabLine) => change(line, ({ verdict }) => paint(verdict, COLORS[verdict], color)),
          },
        ]
      : []),
  ];
}

/** What failed for the same reason in one line. */
function formatFailures(failures: readonly LabFailure[]): string {
  const alike = Map.groupBy(failures, ({ reason }) => reason);
  return [...alike]
    .map(([reason, group]) => {
      const more = group.length > 1 ? ` and ${group.length - 1} more` : "";
      return `not measured: ${describeKey(group[0]!.key)}${more}: ${reason}\n`;
    })
    .join("");
}

function formatComparison({ against, started, changes, overall, notes }: Comparison): string {
  const counts = [...Map.groupBy(changes, ({ verdict }) => verdict)].map(([verdict, of]) => `${of.length} ${verdict}`);
  return [
    `against ${against} of ${started}: ${counts.join(", ") || "nothing to compare"}\n`,
    overall === null ? "" : `all speeds together: × ${overall.toFixed(3)}\n`,
    ...notes.map((note) => `note: ${note}\n`),
  ].join("");
}
