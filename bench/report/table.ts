import type { Spread } from "../statistics.ts";
import type { Report, SuiteResult } from "./report.ts";
import { renderStages } from "./stages-table.ts";
import type { Row } from "./summary.ts";

/** The whole report as text for a terminal of 100 columns. */
export function renderReport(report: Report): string {
  const { machine } = report;
  const tools = Object.entries(machine.tools).map(([name, version]) => `${name} ${version}`);
  const lines = [
    `${machine.cpu}, ${machine.cores} cores, ${machine.memoryGiB} GiB`,
    `Linux ${machine.kernel}, Node ${machine.node}, TCP ${machine.congestionControl}${tools.length > 0 ? `, ${tools.join(", ")}` : ""}`,
    `${percent(machine.busyBefore)} busy before the start, ${percent(machine.stolen)} stolen by the hypervisor meanwhile`,
    ...machine.warnings.map((warning) => `WARNING: ${warning}`),
  ];
  return `${[...lines, ...report.suites.flatMap((suite) => ["", ...renderSuite(suite)])].join("\n")}\n`;
}

function renderSuite(suite: SuiteResult): string[] {
  const width = Math.max(...suite.systems.map(({ name }) => name.length), 6);
  const versions = suite.systems.map(({ name, version, about }) => `  ${name.padEnd(width)}  ${version}, ${about}`);
  const failures = suite.failures.map(
    ({ system, work, round, reason }) =>
      `  ${system}${work ? `, ${work}` : ""}: not measured in round ${round + 1}: ${reason.split("\n").join("\n    ")}`,
  );
  return [
    `${suite.name}: ${suite.method}`,
    ...versions,
    ...suite.rows.filter(({ cells }) => cells.length > 0).flatMap((row) => ["", ...renderRow(row, suite, width)]),
    ...renderStages(suite.stages ?? []),
    ...(failures.length > 0 ? ["", "FAILED", ...failures] : []),
  ];
}

function renderRow({ figure, cells }: Row, { reference }: SuiteResult, width: number): string[] {
  const ratios = cells.some(({ ratio }) => ratio !== null);
  const head = ["median", "min – max", ...(ratios ? [`× ${reference}`, "min – max"] : [])];
  const columns = (texts: readonly string[]) => texts.map((text, index) => text.padStart(COLUMNS[index]!)).join("  ");
  return [
    `${figure.name}: ${figure.about}, ${figure.unit}, ${figure.better} is better`,
    `  ${"".padEnd(width)}  ${columns(head)}`,
    ...cells.map(({ system, value, ratio, goal }) => {
      const own = [formatValue(value.median), formatRange(value, formatValue)];
      const paired = ratio ? [formatRatio(ratio.median), formatRange(ratio, formatRatio)] : ratios ? ["1", ""] : [];
      const judged = goal ? `  ${goal.text} ${goal.reached ? "reached" : "NOT REACHED"}` : "";
      return `  ${system.padEnd(width)}  ${columns([...own, ...paired])}${judged}`.trimEnd();
    }),
  ];
}

const COLUMNS = [8, 17, 14, 13];

const percent = (share: number) => `${(share * 100).toFixed(1)} %`;
const formatRange = ({ min, max }: Spread, format: (value: number) => string) => `${format(min)} – ${format(max)}`;
const formatRatio = (ratio: number) => ratio.toFixed(2);
const formatValue = (value: number) => value.toFixed(value >= 100 ? 0 : value >= 10 ? 1 : 2);
