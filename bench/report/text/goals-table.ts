import { formatNumber, formatRange } from "@warren/common/report/format.ts";
import { formatLimit } from "../format.ts";
import type { Judgement } from "../judge.ts";
import { grid } from "./grid.ts";

/** How far a run got towards each goal that it measured; those that it did not measure in one line. */
export function goalsTable(goals: readonly Judgement[]): string[] {
  const judged = goals.filter(({ measured }) => measured !== null);
  const missing = goals.filter(({ measured }) => measured === null);
  const columns = grid([
    { head: "", left: true, cells: judged.map(({ figure }) => figure) },
    { head: "", left: true, cells: judged.map(({ system }) => system) },
    { head: "against", left: true, cells: judged.map(({ against }) => against ?? "–") },
    { head: "median", cells: judged.map(({ measured, unit }) => `${formatNumber(measured!.median)} ${unit}`) },
    { head: "min–max", cells: judged.map(({ measured }) => formatRange(measured!)) },
    { head: "floor", cells: judged.map((goal) => formatLimit(goal, goal.floor)) },
    { head: "goal", cells: judged.map((goal) => formatLimit(goal, goal.goal)) },
    { head: "", left: true, cells: judged.map(({ verdict }) => verdict) },
  ]);
  return [
    "Goals",
    ...(judged.length > 0 ? columns : []),
    ...missing.map(
      ({ figure, system, against }) => `  not measured: ${figure}, ${system}${against ? ` against ${against}` : ""}`,
    ),
  ];
}
