import { axisFor } from "@warren/common/report/axis.ts";
import { formatNumber, formatRange } from "@warren/common/report/format.ts";
import { type Html, html } from "@warren/common/report/html.ts";
import { axisNumbers, bar, emptyBar } from "@warren/common/report/plot.ts";
import { peersAhead } from "../ahead.ts";
import type { SuiteResult } from "../report.ts";
import { type Cell, type FigureResult, measuredReferences } from "../summary.ts";

/** What a plot needs beside its value, and each column of ratios: below that a narrow window scrolls. */
const PLOT_AND_VALUE_REM = 16;
const RATIO_REM = 7.8;

/** One figure of all systems: bars, the numbers beside them, and the ratios to each reference. */
export function figurePlot(figure: FigureResult, suite: SuiteResult, id: string): Html {
  const { systems } = suite;
  const references = measuredReferences(suite);
  const cellOf = (system: string) => figure.cells.find((cell) => cell.system === system);
  const axis = axisFor(figure.cells.map(({ value }) => value.max));
  const dashed = cellOf(references[0] ?? "")?.value.median ?? null;
  const rows = systems.map(({ name, role }) => {
    const cell = cellOf(name);
    const plot = cell ? bar(cell.value, role, axis, dashed) : emptyBar(axis, dashed);
    return html`<tr class="${role}"><th scope="row">${name}</th><td class="bar">${plot}</td>${numbers(cell, references)}</tr>
`;
  });
  const ahead = peersAhead(figure, systems).map((line) => html`<p class="ahead">${line}</p>`);
  // The same in every table of a suite, so that the plots stand below each other.
  const nameWidth = Math.max(...systems.map(({ name }) => name.length)) + 2;
  return html`<section class="figure" aria-labelledby="${id}">
<h3 id="${id}">${figure.about} <span class="name">${figure.name}</span></h3>
<p class="unit">${figure.unit}, ${figure.better} is better</p>
<div class="scroll" role="region" aria-labelledby="${id}" tabindex="0"><table style="min-width: calc(${nameWidth}ch + ${PLOT_AND_VALUE_REM + RATIO_REM * references.length}rem)">
<thead><tr><th scope="col" style="width: ${nameWidth}ch">System</th>
<th class="bar" scope="col"><span class="spoken">Bar</span>${axisNumbers(axis)}</th>
<th scope="col">${figure.unit}</th>${references.map((reference) => html`<th scope="col">× ${reference}</th>`)}</tr></thead>
<tbody>
${rows}</tbody></table></div>${ahead}
</section>
`;
}

function numbers(cell: Cell | undefined, references: readonly string[]): Html {
  if (!cell) return html`<td class="absent" colspan="${1 + references.length}">not measured</td>`;
  const ratios = references.map((reference) => {
    if (reference === cell.system) return html`<td><b>1</b></td>`;
    const ratio = cell.ratios[reference];
    return ratio ? numberCell(ratio) : html`<td>–</td>`;
  });
  return html`${numberCell(cell.value)}${ratios}`;
}

/** The median, and below it how far the rounds reach. */
function numberCell(spread: Cell["value"]): Html {
  return html`<td><b>${formatNumber(spread.median)}</b><small>${formatRange(spread)}</small></td>`;
}
