import { type Html, html } from "@warren/common/report/html.ts";
import { renderPage } from "@warren/common/report/page.ts";
import { describeFailures, describeMachine } from "../about-run.ts";
import type { DescribedSystem, Report, SuiteResult } from "../report.ts";
import type { Role } from "../roles.ts";
import { stagesTables } from "../stages-table.ts";
import { measuredReferences } from "../summary.ts";
import { figurePlot } from "./figure-plot.ts";
import { goalsTable } from "./goals-table.ts";
import { BENCH_STYLE } from "./style.ts";

/** The whole report as one page that needs nothing else. */
export function renderReport(report: Report): string {
  const { started, command, machine, suites } = report;
  const title = `Warren benchmark, ${day(started)}`;
  return renderPage(
    title,
    BENCH_STYLE,
    html`<header>
<h1>Warren benchmark</h1>
<p class="quiet"><time datetime="${started}">${day(started)}</time> · <code>${command}</code></p>
<div class="facts">${describeMachine(machine).map((line) => html`<p>${line}</p>`)}</div>
${machine.warnings.map((warning) => html`<p class="warning" role="note"><strong>Warning:</strong> ${warning}</p>`)}
</header>
<main>
${suites.map(section)}</main>`,
  );
}

function section(suite: SuiteResult, number: number): Html {
  const { name, method, systems, figures, goals, failures } = suite;
  // Identifiers are numbers, never a text of the report.
  const id = `suite-${number}`;
  const plots = figures
    .filter(({ cells }) => cells.length > 0)
    .map((figure, index) => figurePlot(figure, suite, `${id}-figure-${index}`));
  return html`<section aria-labelledby="${id}">
<h2 id="${id}">${name}</h2>
<p class="quiet">${method}</p>
${systemsTable(systems)}${goals.length > 0 ? goalsTable(goals, `${id}-goals`) : null}${failures.length > 0 ? failureList(suite, `${id}-failures`) : null}${plots.length > 0 ? legend(suite) : null}
${suite.stages ? html`<pre>${stagesTables(suite.stages).slice(1).join("\n")}</pre>` : null}${plots}</section>
`;
}

function systemsTable(systems: readonly DescribedSystem[]): Html {
  const rows = systems.map(
    ({ name, version, about }) =>
      html`<tr><th scope="row">${name}</th><td>${version}</td><td>${about}</td></tr>
`,
  );
  return html`<div class="scroll"><table class="systems">
<thead><tr><th scope="col">System</th><th scope="col">Version</th><th scope="col">What it is</th></tr></thead>
<tbody>
${rows}</tbody></table></div>
`;
}

function failureList({ failures }: SuiteResult, id: string): Html {
  const items = describeFailures(failures).map((line) => html`<li>${line}</li>`);
  return html`<section aria-labelledby="${id}"><h3 id="${id}">What failed</h3><ul class="failures">${items}</ul></section>
`;
}

const ROLES: Readonly<Record<Role, string>> = { own: "Warren", peer: "other overlays", yardstick: "yardsticks" };

function legend(suite: SuiteResult): Html {
  const roles = (["own", "peer", "yardstick"] as const).filter((role) =>
    suite.systems.some((one) => one.role === role),
  );
  const [reference] = measuredReferences(suite);
  return html`<p class="legend">${roles.map((role) => html`<span><i class="${role}"></i>${ROLES[role]}</span>`)}
<span>bar: median; whisker: smallest to largest value of all rounds</span>
${reference === undefined ? null : html`<span>dashed: median of ${reference}</span>`}</p>
`;
}

/** `2026-11-21` of an ISO 8601 time. */
const day = (iso: string): string => iso.slice(0, 10);
