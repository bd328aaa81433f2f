import { judgeGoals } from "./judge.ts";
import type { Measured, SuiteResult } from "./report.ts";
import { summarise } from "./summary.ts";

/** Medians, ratios and verdicts: all that follows from what was measured. */
export function evaluate(measured: Measured): SuiteResult {
  const { systems, references, samples } = measured;
  const names = systems.map(({ name }) => name);
  const figures = summarise({ figures: measured.figures, systems: names, references, samples });
  return { ...measured, figures, goals: judgeGoals(measured, figures) };
}
