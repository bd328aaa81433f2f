import type { BenchOptions } from "../options.ts";
import type { Measured } from "../report/report.ts";

export interface SuiteContext {
  readonly options: BenchOptions;
  readonly signal: AbortSignal;
  /** One line for standard error. */
  readonly progress: (line: string) => void;
}

/** Makes its lab, measures, and removes the lab whatever happens. */
export type Suite = (context: SuiteContext) => Promise<Measured>;
