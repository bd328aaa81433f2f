import type { MedianInterval } from "./statistics/median-interval.ts";

/** What `warren bench` prints with `-o json`, and reads again with `--against`. `format` changes when a reader has to. */
export interface LabRun {
  readonly format: typeof FORMAT;
  readonly kind: LabKind;
  /** ISO 8601. */
  readonly started: string;
  readonly machine: LabMachine;
  /** How it was measured: repeats, seconds, and what else was the same for all lines. */
  readonly settings: Readonly<Record<string, string | number>>;
  readonly lines: readonly LabLine[];
  /** Lines, or parts of the matrix, that could not be measured. */
  readonly failures: readonly LabFailure[];
  /** What speaks against trusting the figures, as sentences. */
  readonly warnings: readonly string[];
  /** With `--against`. */
  readonly comparison?: Comparison;
}

export const FORMAT = "warren-lab/1";

export type LabKind = "crypto" | "mesh";

/** What a line is about: the place in the matrix. Two lines of two runs belong together when all of it is equal. */
export type LabKey = Readonly<Record<string, string | number>>;

export interface LabLine {
  readonly key: LabKey;
  readonly figures: readonly Figure[];
  /** What each stage of the packet path cost meanwhile; of `mesh` only. */
  readonly stages?: readonly StageFigure[];
}

export interface Figure extends MedianInterval {
  readonly name: string;
  readonly unit: string;
  /** More of a `speed` is better, less of a `cost`. Of what is only `shown`, nothing is called better. */
  readonly kind: "speed" | "cost" | "shown";
  /** One for each repeat that worked, in their order. */
  readonly samples: readonly number[];
}

export interface StageFigure extends MedianInterval {
  /** The node that the traffic comes from, or the one it goes to. */
  readonly side: "sender" | "receiver";
  readonly direction: "egress" | "ingress" | null;
  readonly stage: string;
  /** For each packet of its direction, in ns. */
  readonly samples: readonly number[];
  /** Median part of the CPU time of the worker's thread. */
  readonly share: number;
}

export interface LabFailure {
  readonly key: LabKey;
  readonly reason: string;
}

export interface LabMachine {
  readonly cpu: string;
  readonly cores: number;
  readonly kernel: string;
  readonly node: string;
  readonly openssl: string;
}

export type Verdict = "faster" | "slower" | "better" | "worse" | "no real difference";

export interface Comparison {
  /** The file, and when its run was started. */
  readonly against: string;
  readonly started: string;
  readonly changes: readonly Change[];
  /** Median of the ratios of all speeds: what all lines share is more likely the machine's than the code's. */
  readonly overall: number | null;
  /** What is in one of the runs only, and what makes the comparison doubtful. */
  readonly notes: readonly string[];
}

export interface Change {
  readonly key: LabKey;
  readonly figure: string;
  /** This run's to the earlier one's, with the 95 % interval of this line alone. */
  readonly ratio: number;
  readonly low: number;
  readonly high: number;
  /** Of the rank test, corrected for the number of all lines (Holm). */
  readonly p: number;
  readonly verdict: Verdict;
}
