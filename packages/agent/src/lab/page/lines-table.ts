import { formatNumber } from "@warren/common/report/format.ts";
import { type Html, html } from "@warren/common/report/html.ts";
import { describeIntervals } from "../figure.ts";
import type { Change, LabLine, LabRun } from "../run.ts";

/** Every line of a run with its figures, and what changed since an earlier run beside them. */
export function linesTable(run: LabRun): Html {
  const { lines, comparison } = run;
  const names = [...new Set(lines.flatMap(({ key }) => Object.keys(key)))];
  const figures = [...new Map(lines.flatMap(({ figures: of }) => of.map(({ name, unit }) => [name, unit] as const)))];
  const changes = new Map<LabLine["key"], Change[]>();
  for (const change of comparison?.changes ?? []) changes.set(change.key, [...(changes.get(change.key) ?? []), change]);
  const compared = new Set(comparison?.changes.map(({ figure }) => figure));
  const heads = figures.map(
    ([name, unit]) =>
      html`<th scope="col" class="number">${name}, ${unit}</th>${compared.has(name) ? html`<th scope="col" class="number">× then</th><th scope="col">verdict</th>` : null}`,
  );
  const rows = lines.map((line) => {
    const keys = names.map((name) => html`<td>${line.key[name] ?? ""}</td>`);
    const cells = figures.map(([name]) => {
      const change = changes.get(line.key)?.find(({ figure }) => figure === name);
      return html`${valueCell(line, name)}${compared.has(name) ? changeCells(change) : null}`;
    });
    return html`<tr>${keys}${cells}</tr>
`;
  });
  return html`<section aria-labelledby="lines"><h2 id="lines">Figures</h2>
<p class="quiet">Below each other ${describeIntervals(run)}.</p>
<div class="scroll" role="region" aria-labelledby="lines" tabindex="0"><table class="lines">
<thead><tr>${names.map((name) => html`<th scope="col">${name}</th>`)}${heads}</tr></thead>
<tbody>
${rows}</tbody></table></div></section>
`;
}

function valueCell({ figures }: LabLine, name: string): Html {
  const figure = figures.find((each) => each.name === name);
  if (figure === undefined || figure.samples.length === 0) return html`<td class="number">–</td>`;
  const { median, low, high } = figure;
  return html`<td class="number">${formatNumber(median)}<br><small>${formatNumber(low)}–${formatNumber(high)}</small></td>`;
}

function changeCells(change: Change | undefined): Html {
  if (change === undefined) return html`<td class="number">–</td><td></td>`;
  const { ratio, low, high, verdict } = change;
  const style = verdict === "no real difference" ? "none" : verdict;
  return html`<td class="number">${ratio.toFixed(3)}<br><small>${low.toFixed(3)}–${high.toFixed(3)}</small></td><td class="verdict ${style}">${verdict}</td>`;
}
