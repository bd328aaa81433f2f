import type { Lab } from "@warren/e2e/lab/lab.ts";
import type { Path } from "../works/work.ts";

/** A kind of system that can be measured. */
export interface System {
  /** For `--systems`. */
  readonly name: string;
  readonly about: string;
  /** What would be measured, or why it cannot be, in one line. Builds and installs nothing. */
  readonly describe: (signal: AbortSignal) => Promise<string>;
  /**
   * Gets everything that is needed and missing, before anything is measured. Rejects, when it cannot be had, with an
   * error that says why.
   */
  readonly prepare: (context: PrepareContext) => Promise<PreparedSystem>;
}

export interface PrepareContext {
  readonly signal: AbortSignal;
  /** One line for standard error. */
  readonly progress: (line: string) => void;
}

export interface PreparedSystem {
  /** What exactly is measured: kernel, release, commit. */
  readonly version: string;
  /** Makes one for a lab of two hosts joined by one veth pair. */
  readonly on: (lab: Lab) => Contender;
}

/**
 * A system on one lab. It is set up and taken down again in every round, and only one is up at a time, so none pays for
 * the hooks, sockets or processes of another.
 */
export interface Contender {
  readonly name: string;
  /** Resolves when traffic flows. Rejects with an error that says why it cannot. */
  setUp(signal: AbortSignal): Promise<Path>;
  /** Takes everything away that `setUp` made, also after a `setUp` that failed half-way. */
  tearDown(): Promise<void>;
}
