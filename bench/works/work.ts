import type { LabNode } from "@warren/e2e/lab/node.ts";
import type { Supervised } from "@warren/e2e/lab/supervised.ts";

/** The way between two hosts that a system under measurement has built. */
export interface Path {
  /** The end that sends or asks. */
  readonly client: LabNode;
  /** The end that receives or answers. */
  readonly server: LabNode;
  /** Address of the server's end; the route to it leads through the system. */
  readonly serverAddress: string;
  /** The system's own processes on the server's host; none for a system of the kernel. */
  readonly serverProcesses: readonly Supervised[];
}

/** One number that is measured again and again. */
export interface Figure {
  /** Unique among all figures: `tcp-1`, `latency-p50`. */
  readonly name: string;
  readonly about: string;
  readonly unit: string;
  readonly better: "higher" | "lower";
}

/** Something that two ends do with each other, for as long as they are told. */
export interface Work {
  /** For `--only`. */
  readonly name: string;
  readonly figures: readonly Figure[];
  /** What is done right before `run` and not counted; `run` itself when left out. */
  readonly warmUp?: (path: Path, seconds: number, signal: AbortSignal) => Promise<unknown>;
  /**
   * Does it once, and resolves with one value for each of `figures`, in their order; null where the system has no such
   * figure. Leaves nothing running.
   */
  readonly run: (path: Path, seconds: number, signal: AbortSignal) => Promise<readonly (number | null)[]>;
}
