import { axisFor } from "@warren/common/report/axis.ts";
import { type Html, html } from "@warren/common/report/html.ts";

export interface Series {
  readonly name: string;
  /** Number of its colour, and whether its line is dashed. */
  readonly color: number;
  readonly dashed: boolean;
  readonly points: readonly Point[];
}

export interface Point {
  readonly x: number;
  readonly median: number;
  readonly low: number;
  readonly high: number;
}

const BOX = { width: 560, height: 330, left: 46, right: 22, top: 12, bottom: 40 };
const INNER = { width: BOX.width - BOX.left - BOX.right, height: BOX.height - BOX.top - BOX.bottom };
const CAP = 3;

/**
 * Lines over a logarithmic axis of sizes, from 0 to `highest` above, with the interval of each point. `highest` is given
 * so that charts side by side have the same scale.
 */
export function lineChart(series: readonly Series[], highest: number, unit: string): Html {
  const xs = [...new Set(series.flatMap(({ points }) => points.map(({ x }) => x)))].sort((a, b) => a - b);
  const axis = axisFor([highest]);
  const [first, last] = [Math.log(xs[0] ?? 1), Math.log(xs.at(-1) ?? 2)];
  const across = (x: number) =>
    BOX.left + (last === first ? 0.5 : (Math.log(x) - first) / (last - first)) * INNER.width;
  const down = (y: number) => BOX.top + (1 - y / axis.end) * INNER.height;
  const rows = axis.ticks.map(
    (tick) =>
      html`<line x1="${BOX.left}" x2="${BOX.width - BOX.right}" y1="${fix(down(tick))}" y2="${fix(down(tick))}"/>`,
  );
  const heights = axis.ticks.map(
    (tick) => html`<text x="${BOX.left - 6}" y="${fix(down(tick) + 4)}" text-anchor="end">${tick}</text>`,
  );
  const sizes = xs.map(
    (x) =>
      html`<text x="${fix(across(x))}" y="${BOX.height - BOX.bottom + 16}" text-anchor="middle">${shortSize(x)}</text>`,
  );
  const lines = series.map(({ color, dashed, points }) => {
    const path = points.map(({ x, median }) => `${fix(across(x))},${fix(down(median))}`).join(" ");
    const marks = points.map(({ x, median, low, high }) => mark(across(x), down(median), down(low), down(high)));
    return html`<g class="series c${color}${dashed ? " dashed" : ""}"><polyline points="${path}"/>${marks}</g>
`;
  });
  return html`<svg class="chart" viewBox="0 0 ${BOX.width} ${BOX.height}" aria-hidden="true" focusable="false">
<g class="grid">${rows}</g><g class="axis">${heights}${sizes}
<text x="${BOX.width - BOX.right}" y="${BOX.height - 6}" text-anchor="end">bytes in a message</text>
<text x="${BOX.left}" y="${BOX.height - 6}">${unit}</text></g>
${lines}</svg>`;
}

/** A dot, and the interval through it. */
function mark(x: number, middle: number, low: number, high: number): Html {
  const ends = [low, high].map(
    (y) => html`<line x1="${fix(x - CAP)}" x2="${fix(x + CAP)}" y1="${fix(y)}" y2="${fix(y)}"/>`,
  );
  return html`<circle cx="${fix(x)}" cy="${fix(middle)}" r="2.5"/><line x1="${fix(x)}" x2="${fix(x)}" y1="${fix(low)}" y2="${fix(high)}"/>${ends}`;
}

function shortSize(bytes: number): string {
  return bytes >= 2048 ? `${Number((bytes / 1024).toFixed(1))}k` : String(bytes);
}

const fix = (value: number): string => value.toFixed(1);
