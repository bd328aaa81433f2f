import { describeFailures, describeMachine } from "../about-run.ts";
import type { Report, SuiteResult } from "../report.ts";
import { stagesTables } from "../stages-table.ts";
import { figureTable } from "./figure-table.ts";
import { goalsTable } from "./goals-table.ts";
import { grid } from "./grid.ts";

/** The whole report as text for a terminal of 100 columns. */
export function renderText({ machine, suites }: Report): string {
  const lines = [...describeMachine(machine), ...machine.warnings.map((warning) => `WARNING: ${warning}`)];
  return `${[...lines, ...suites.flatMap((suite) => ["", ...renderSuite(suite)])].join("\n")}\n`;
}

function renderSuite(suite: SuiteResult): string[] {
  const { systems, figures, goals, failures } = suite;
  const [, ...described] = grid([
    { head: "", left: true, cells: systems.map(({ name }) => name) },
    { head: "", left: true, cells: systems.map(({ version, about }) => `${version}, ${about}`) },
  ]);
  const measured = figures.filter(({ cells }) => cells.length > 0);
  return [
    `${suite.name}: ${suite.method}`,
    ...described,
    ...measured.flatMap((figure) => ["", ...figureTable(figure, suite)]),
    ...stagesTables(suite.stages ?? []),
    ...(goals.length > 0 ? ["", ...goalsTable(goals)] : []),
    ...(failures.length > 0 ? ["", "FAILED", ...describeFailures(failures).map(indented)] : []),
  ];
}

const indented = (text: string): string => `  ${text.split("\n").join("\n    ")}`;
