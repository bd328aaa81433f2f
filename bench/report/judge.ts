import type { Spread } from "@warren/common/report/statistics.ts";
import { GOALS, type Goal } from "../goals.ts";
import type { Measured } from "./report.ts";
import { type FigureResult, ratioOf } from "./summary.ts";

export type Verdict = "goal reached" | "floor reached" | "below the floor" | "not measured";

/** A goal, and how far a run got. */
export interface Judgement extends Goal {
  /** The ratio to `against`, or the value where there is none; null when it was not measured. */
  readonly measured: Spread | null;
  /** `×` for a ratio, else the unit of the figure. */
  readonly unit: string;
  readonly verdict: Verdict;
}

/** Judges every goal of a suite by the median. */
export function judgeGoals(
  { name, samples }: Pick<Measured, "name" | "samples">,
  figures: readonly FigureResult[],
  goals: readonly Goal[] = GOALS[name] ?? [],
): Judgement[] {
  return goals.map((goal) => {
    const figure = figures.find((one) => one.name === goal.figure);
    const value = figure?.cells.find(({ system }) => system === goal.system)?.value ?? null;
    const measured = goal.against === null ? value : ratioOf(samples, goal.figure, goal.system, goal.against);
    const unit = goal.against === null ? (figure?.unit ?? "") : "×";
    return { ...goal, measured, unit, verdict: verdictOf(goal, measured) };
  });
}

function verdictOf({ sign, floor, goal }: Goal, measured: Spread | null): Verdict {
  if (!measured) return "not measured";
  const reaches = (limit: number) => (sign === "≥" ? measured.median >= limit : measured.median <= limit);
  if (reaches(goal)) return "goal reached";
  return reaches(floor) ? "floor reached" : "below the floor";
}
