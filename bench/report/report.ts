import type { Failure, Sample } from "../compare.ts";
import type { Machine } from "../machine.ts";
import type { StageMeasurement } from "./stages-table.ts";
import type { Row } from "./summary.ts";

/** What one suite measured, with the raw samples, so that anybody can compute other figures from it. */
export interface SuiteResult {
  readonly name: string;
  /** How it was measured, in one line. */
  readonly method: string;
  readonly systems: readonly { readonly name: string; readonly version: string; readonly about: string }[];
  /** System that the ratios are to; null when it was not measured. */
  readonly reference: string | null;
  readonly rows: readonly Row[];
  readonly samples: readonly Sample[];
  readonly failures: readonly Failure[];
  /** Only of the suite `stages`. */
  readonly stages?: readonly StageMeasurement[];
}

/** What `--json` prints. `format` changes when a reader has to. */
export interface Report {
  readonly format: "warren-bench/1";
  /** ISO 8601. */
  readonly started: string;
  readonly command: string;
  readonly machine: Machine;
  readonly suites: readonly SuiteResult[];
}
