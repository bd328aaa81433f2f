import { type Html, html } from "@warren/common/report/html.ts";
import { renderPage } from "@warren/common/report/page.ts";
import { describeKey } from "../figure.ts";
import type { Comparison, LabFailure, LabRun } from "../run.ts";
import { cryptoCharts } from "./crypto-charts.ts";
import { linesTable } from "./lines-table.ts";
import { meshCharts } from "./mesh-charts.ts";
import { LAB_STYLE } from "./style.ts";

const TITLES = { crypto: "What sealing costs on this machine", mesh: "What a mesh carries" } as const;

/** The page of `--html`: plots, every figure, and what changed. It needs nothing else and has no script. */
export function renderRun(run: LabRun): string {
  const { kind, started, machine, settings, failures, warnings, comparison } = run;
  const about = Object.entries(settings).map(([name, value]) => `${name} ${value}`);
  return renderPage(
    `warren bench ${kind}, ${started.slice(0, 10)}`,
    LAB_STYLE,
    html`<header>
<h1>${TITLES[kind]}</h1>
<p class="quiet"><time datetime="${started}">${started.slice(0, 16).replace("T", " ")} UTC</time> · <code>warren bench ${kind}</code></p>
<div class="facts"><p>${machine.cpu}, ${machine.cores} cores</p>
<p>Linux ${machine.kernel}, Node ${machine.node}, OpenSSL ${machine.openssl}</p><p>${about.join(", ")}</p></div>
${warnings.map((warning) => html`<p class="warning" role="note"><strong>Warning:</strong> ${warning}</p>`)}
</header>
<main>
${comparison ? comparisonSection(comparison) : null}${kind === "crypto" ? cryptoCharts(run) : meshCharts(run)}${linesTable(run)}${failures.length > 0 ? failureSection(failures) : null}</main>`,
  );
}

function comparisonSection({ against, started, changes, overall, notes }: Comparison): Html {
  const counts = [...Map.groupBy(changes, ({ verdict }) => verdict)].map(([verdict, of]) => `${of.length} ${verdict}`);
  const lines = [
    `${against} of ${started}: ${counts.join(", ") || "nothing to compare"}`,
    ...(overall === null ? [] : [`all speeds together: × ${overall.toFixed(3)}`]),
    ...notes,
  ];
  return html`<section aria-labelledby="against"><h2 id="against">Against an earlier run</h2>
${lines.map((line) => html`<p>${line}</p>`)}</section>
`;
}

function failureSection(failures: readonly LabFailure[]): Html {
  const items = failures.map(({ key, reason }) => html`<li>${describeKey(key)}: ${reason}</li>`);
  return html`<section aria-labelledby="failed"><h2 id="failed">Not measured</h2><ul>${items}</ul></section>
`;
}
