import { type Axis, positionOn } from "./axis.ts";
import { type Html, html } from "./html.ts";
import type { Spread } from "./statistics.ts";

/**
 * The plot of a figure is a column of its table: each cell has one bar, the head has the axis, and the lines of the grid
 * run through all of them. So every bar stands beside its numbers, and whoever cannot see the bars has the table.
 * Positions are percentages of the column: the drawing needs no script to fit any width.
 */
const ROW_HEIGHT = 46;
const HEAD_HEIGHT = 22;
const BAR = { top: 12, height: 22 };
const MIDDLE = BAR.top + BAR.height / 2;
const CAP = 5;

/** A bar from 0 to the median in the colour of a class, with a whisker from the smallest to the largest value. */
export function bar(value: Spread, color: string, axis: Axis, referenceMedian: number | null): Html {
  const [left, right] = [positionOn(axis, value.min), positionOn(axis, value.max)];
  const end = (x: string) => html`<line x1="${x}" x2="${x}" y1="${MIDDLE - CAP}" y2="${MIDDLE + CAP}"/>`;
  const whisker = html`<g class="whisker"><line x1="${left}" x2="${right}" y1="${MIDDLE}" y2="${MIDDLE}"/>${end(left)}${end(right)}</g>`;
  const width = positionOn(axis, value.median);
  return html`<svg class="plot" height="${ROW_HEIGHT}" aria-hidden="true" focusable="false">${gridLines(axis)}
<rect class="${color}" x="0" y="${BAR.top}" width="${width}" height="${BAR.height}" rx="2"/>${referenceLine(axis, referenceMedian)}
${value.min < value.max ? whisker : null}</svg>`;
}

/** A row without a bar: the grid goes on. */
export function emptyBar(axis: Axis, referenceMedian: number | null): Html {
  return html`<svg class="plot" height="${ROW_HEIGHT}" aria-hidden="true" focusable="false">${gridLines(axis)}${referenceLine(axis, referenceMedian)}</svg>`;
}

/** The numbers of the axis, for the head of the column. */
export function axisNumbers(axis: Axis): Html {
  const last = axis.ticks.length - 1;
  const numbers = axis.ticks.map((tick, index) => {
    const anchor = index === 0 ? "start" : index === last ? "end" : "middle";
    return html`<text x="${positionOn(axis, tick)}" y="${HEAD_HEIGHT - 8}" text-anchor="${anchor}">${tick}</text>`;
  });
  return html`<svg class="plot axis" height="${HEAD_HEIGHT}" aria-hidden="true" focusable="false">${numbers}</svg>`;
}

function gridLines(axis: Axis): Html {
  const lines = axis.ticks.map((tick) => vertical(positionOn(axis, tick)));
  return html`<g class="grid">${lines}</g>`;
}

function referenceLine(axis: Axis, median: number | null): Html | null {
  return median === null ? null : html`<g class="reference">${vertical(positionOn(axis, median))}</g>`;
}

const vertical = (x: string): Html => html`<line x1="${x}" x2="${x}" y1="0" y2="${ROW_HEIGHT}"/>`;
