import { formatNumber, formatRange } from "@warren/common/report/format.ts";
import { type Html, html } from "@warren/common/report/html.ts";
import { formatLimit } from "../format.ts";
import type { Judgement, Verdict } from "../judge.ts";

/** A sign of its own for each verdict: colour alone tells nothing to some. */
const MARKS: Readonly<Record<Verdict, { readonly mark: string; readonly style: string }>> = {
  "goal reached": { mark: "★", style: "reached" },
  "floor reached": { mark: "✓", style: "floor" },
  "below the floor": { mark: "✗", style: "below" },
  "not measured": { mark: "–", style: "missing" },
};

/** What the systems are to reach, and how far this run got. */
export function goalsTable(goals: readonly Judgement[], id: string): Html {
  const rows = goals.map((goal) => {
    const { figure, system, against, measured, unit, verdict } = goal;
    const { mark, style } = MARKS[verdict];
    const median = measured ? `${formatNumber(measured.median)} ${unit}` : "";
    return html`<tr><th scope="row">${figure}</th><td>${system}</td><td>${against ?? ""}</td>
<td class="number"><b>${median}</b></td><td class="number">${measured ? formatRange(measured) : ""}</td>
<td class="number">${formatLimit(goal, goal.floor)}</td><td class="number">${formatLimit(goal, goal.goal)}</td>
<td class="verdict ${style}"><span aria-hidden="true">${mark}</span> ${verdict}</td></tr>
`;
  });
  return html`<section aria-labelledby="${id}"><h3 id="${id}">Goals</h3>
<div class="scroll" role="region" aria-labelledby="${id}" tabindex="0"><table class="goals">
<thead><tr><th scope="col">Figure</th><th scope="col">System</th><th scope="col">Against</th>
<th scope="col" class="number">Median</th><th scope="col" class="number">Min–max</th>
<th scope="col" class="number">Floor</th><th scope="col" class="number">Goal</th><th scope="col">Verdict</th></tr></thead>
<tbody>
${rows}</tbody></table></div></section>
`;
}
