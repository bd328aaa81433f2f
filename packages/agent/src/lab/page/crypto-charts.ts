import { SEALING_CIPHERS } from "@warren/common/net/cipher.ts";
import { type Html, html } from "@warren/common/report/html.ts";
import { IMPLEMENTATIONS } from "../crypto/matrix.ts";
import type { LabLine, LabRun } from "../run.ts";
import { lineChart, type Series } from "./line-chart.ts";

const TITLES = { seal: "Sealing", open: "Opening" } as const;

/** Throughput by size, for each number of threads: one chart for sealing and one for opening, on the same scale. */
export function cryptoCharts({ lines }: LabRun): Html {
  const groups = [...Map.groupBy(lines, ({ key }) => Number(key["threads"]))];
  const sections = groups.map(([threads, group], index) => {
    const highest = Math.max(...group.flatMap(({ figures }) => figures[0]!.high));
    const charts = (["seal", "open"] as const).map((direction) => {
      const series = seriesOf(group.filter(({ key }) => key["direction"] === direction));
      return html`<figure><figcaption>${TITLES[direction]}</figcaption>${lineChart(series, highest, "GB/s")}</figure>
`;
    });
    const title = threads === 1 ? "One thread" : `${threads} threads together`;
    return html`<section aria-labelledby="threads-${index}"><h2 id="threads-${index}">${title}</h2>
${legend(seriesOf(group))}<div class="charts">${charts}</div></section>
`;
  });
  return html`${sections}`;
}

function seriesOf(lines: readonly LabLine[]): Series[] {
  const groups = Map.groupBy(lines, ({ key }) => `${key["cipher"]}, ${key["implementation"]}`);
  return [...groups].map(([name, group]) => ({
    name,
    color: Math.max(0, IMPLEMENTATIONS.indexOf(group[0]!.key["implementation"] as never)),
    dashed: group[0]!.key["cipher"] === SEALING_CIPHERS[0],
    points: group.map(({ key, figures }) => ({ x: Number(key["size"]), ...figures[0]! })),
  }));
}

function legend(series: readonly Series[]): Html {
  const entries = series.map(
    ({ name, color, dashed }) =>
      html`<span><svg class="key" aria-hidden="true" focusable="false"><g class="series c${color}${dashed ? " dashed" : ""}"><polyline points="0,6 32,6"/></g></svg>${name}</span>
`,
  );
  return html`<p class="legend">${entries}<span>dot: median; bar: its interval</span></p>
`;
}
