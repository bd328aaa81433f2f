import type { Lab } from "@warren/e2e/lab/lab.ts";
import type { Path } from "../works/work.ts";

/** A kind of system that can be measured; `on` makes one for a lab of two hosts joined by one veth pair. */
export interface System {
  /** For `--systems`. */
  readonly name: string;
  readonly about: string;
  /** What exactly is measured: kernel, release, commit. */
  version(): Promise<string>;
  on(lab: Lab): Contender;
}

/**
 * A system on one lab. It is set up and taken down again in every round, and only one is up at a time, so none pays for
 * the hooks, sockets or processes of another.
 */
export interface Contender {
  readonly name: string;
  /** Resolves when traffic flows. Rejects, when the system cannot be had, with an error that says why. */
  setUp(signal: AbortSignal): Promise<Path>;
  /** Takes everything away that `setUp` made, also after a `setUp` that failed half-way. */
  tearDown(): Promise<void>;
}
