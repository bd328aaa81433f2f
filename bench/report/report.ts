import type { Failure, Sample } from "../compare.ts";
import type { Machine } from "../machine.ts";
import type { Figure } from "../works/work.ts";
import type { Judgement } from "./judge.ts";
import type { Role } from "./roles.ts";
import type { StageMeasurement } from "./stages-table.ts";
import type { FigureResult } from "./summary.ts";

/** What one suite measured: the raw samples, and what must be known to make sense of them. */
export interface Measured {
  readonly name: string;
  /** How it was measured, in one line. */
  readonly method: string;
  /** In the order of the tables, those included that could not be measured. */
  readonly systems: readonly DescribedSystem[];
  /** Systems that the ratios of all others are to, the most important one first. */
  readonly references: readonly string[];
  readonly figures: readonly Figure[];
  readonly samples: readonly Sample[];
  readonly failures: readonly Failure[];
  /** Only of the suite `stages`. */
  readonly stages?: readonly StageMeasurement[];
}

export interface DescribedSystem {
  readonly name: string;
  readonly role: Role;
  readonly version: string;
  readonly about: string;
}

/** The same with what follows from the samples. */
export interface SuiteResult extends Measured {
  readonly figures: readonly FigureResult[];
  readonly goals: readonly Judgement[];
}

/** What `--json` prints. `format` changes when a reader has to. */
export interface Report {
  readonly format: typeof FORMAT;
  /** ISO 8601. */
  readonly started: string;
  readonly command: string;
  readonly machine: Machine;
  readonly suites: readonly SuiteResult[];
}

export const FORMAT = "warren-bench/2";
