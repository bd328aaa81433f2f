import { type Axis, axisFor } from "@warren/common/report/axis.ts";
import { formatNumber, formatRange } from "@warren/common/report/format.ts";
import { type Html, html } from "@warren/common/report/html.ts";
import { axisNumbers, bar } from "@warren/common/report/plot.ts";
import type { MedianInterval } from "../statistics/median-interval.ts";

export interface BarRow {
  readonly name: string;
  /** Class of the bar. */
  readonly color: string;
  readonly value: MedianInterval;
}

/** Bars below each other on one axis, each beside its numbers. `head` says what the rows are; `id` names the table. */
export function barTable(head: string, unit: string, rows: readonly BarRow[], id: string, axis = axisOf(rows)): Html {
  const bars = rows.map(({ name, color, value }) => {
    const spread = { median: value.median, min: value.low, max: value.high };
    return html`<tr><th scope="row">${name}</th><td class="bar">${bar(spread, color, axis, null)}</td><td><b>${formatNumber(spread.median)}</b><small>${formatRange(spread)}</small></td></tr>
`;
  });
  return html`<div class="scroll" role="region" aria-labelledby="${id}" tabindex="0"><table style="min-width: 44rem">
<thead><tr><th scope="col" style="width: 24rem">${head}</th><th class="bar" scope="col"><span class="spoken">Bar</span>${axisNumbers(axis)}</th><th scope="col">${unit}</th></tr></thead>
<tbody>
${bars}</tbody></table></div>
`;
}

/** An axis with room for all of these, for tables that are to be compared. */
export function axisOf(rows: readonly Pick<BarRow, "value">[]): Axis {
  return axisFor(rows.map(({ value }) => value.high));
}
