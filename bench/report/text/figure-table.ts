import { formatNumber, formatRange } from "@warren/common/report/format.ts";
import { peersAhead } from "../ahead.ts";
import type { SuiteResult } from "../report.ts";
import type { FigureResult } from "../summary.ts";
import { type Column, grid, gridWidth } from "./grid.ts";

const TERMINAL = 100;

/**
 * One figure: a line for each system, a column with the ratios to each reference. How far the ratios reach is told as
 * far as there is room in the terminal, to the first reference before the others; JSON and page tell all of it.
 */
export function figureTable(figure: FigureResult, { systems, references }: SuiteResult): string[] {
  const cells = systems.map(({ name }) => figure.cells.find(({ system }) => system === name));
  const column = (head: string, text: (cell: FigureResult["cells"][number]) => string): Column => ({
    head,
    cells: cells.map((cell) => (cell ? text(cell) : "")),
  });
  const known = references.filter((reference) => figure.cells.some(({ ratios }) => ratios[reference]));
  const ranges = known.map((reference) =>
    column("min–max", ({ ratios }) => (ratios[reference] ? formatRange(ratios[reference]) : "")),
  );
  const columns = (withRange: number): Column[] => [
    { head: "", left: true, cells: systems.map(({ name }) => name) },
    { head: "median", cells: cells.map((cell) => (cell ? formatNumber(cell.value.median) : "–")) },
    column("min–max", ({ value }) => formatRange(value)),
    ...known.flatMap((reference, index) => [
      column(reference, ({ system, ratios }) => {
        const ratio = system === reference ? 1 : ratios[reference]?.median;
        return ratio === undefined ? "" : `${formatNumber(ratio)}×`;
      }),
      ...(index < withRange ? [ranges[index]!] : []),
    ]),
  ];
  let withRange = known.length;
  while (withRange > 0 && gridWidth(columns(withRange)) > TERMINAL) withRange -= 1;
  return [
    `${figure.name}: ${figure.about}, ${figure.unit}, ${figure.better} is better`,
    ...grid(columns(withRange)),
    ...peersAhead(figure, systems).map((line) => `  ${line}`),
  ];
}
