export type Verdict = "pass" | "fail" | "skip";

/** Something that a test found wrong, in the words of whoever must repair it. */
export interface Failure {
  /** A node, or a pair as `node1 → node2`. */
  readonly subject: string;
  readonly problem: string;
  /** What to look at next: a command where there is one. */
  readonly next: string;
}

/** What one test showed. The shape is printed with `-o json`, so it changes only by addition. */
export interface Finding {
  readonly verdict: Verdict;
  /** What was proven, or why it was not tried, in one line. */
  readonly proven: string;
  readonly figures: Readonly<Record<string, number>>;
  readonly failures: readonly Failure[];
  /** What is no failure, and worth knowing: warnings of nodes, samples instead of all, what was not tested. */
  readonly notes: readonly string[];
}

export interface TestResult extends Finding {
  readonly test: string;
  readonly about: string;
  readonly seconds: number;
}

export interface MeshTestReport {
  /** ISO 8601, by the clock of the host that asked. */
  readonly started: string;
  readonly seconds: number;
  readonly version: string;
  /** Who asked: the name of a node; null for the control plane. */
  readonly asker: string | null;
  readonly clusterId: string;
  readonly cipher: string;
  /** Nodes that answered, and those that did not. Foreign peers are in neither. */
  readonly nodes: readonly string[];
  readonly silentNodes: readonly string[];
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  /** True when the time limit ended it before all of it was done. */
  readonly timedOut: boolean;
  readonly tests: readonly TestResult[];
}

/** A test that was not tried, and why. */
export function skipped(why: string, notes: readonly string[] = []): Finding {
  return { verdict: "skip", proven: why, figures: {}, failures: [], notes };
}

/** Passes unless something failed. */
export function finding(
  proven: string,
  failures: readonly Failure[],
  more: { readonly figures?: Readonly<Record<string, number>>; readonly notes?: readonly string[] } = {},
): Finding {
  const verdict = failures.length === 0 ? "pass" : "fail";
  return { verdict, proven, failures, figures: more.figures ?? {}, notes: more.notes ?? [] };
}
