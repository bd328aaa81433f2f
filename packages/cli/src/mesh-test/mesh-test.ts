import type { Clock } from "@warren/common/runtime/clock.ts";
import type { MeshAsk } from "./mesh-ask.ts";
import type { PodProbes } from "./pod-probes.ts";
import type { Probes } from "./probe.ts";
import type { Finding } from "./result.ts";
import type { Survey } from "./survey.ts";
import type { TestName } from "./test-names.ts";

/** How much is tested where there is much. */
export interface Extent {
  /** Pods of each node. */
  readonly podsPerNode: number;
  /** Ordered pairs of a test. */
  readonly pairs: number;
}

/** What a test has to work with. What several tests need is measured once, by the first that asks for it. */
export interface TestContext {
  readonly mesh: MeshAsk;
  readonly extent: Extent;
  readonly clock: Clock;
  /** Aborts at the time limit, and when the user ends it. */
  readonly signal: AbortSignal;
  /** @param share of this test that is done, 0 to 1 */
  readonly progress: (share: number, what: string) => void;
  survey(): Promise<Survey>;
  nodeProbes(): Promise<Probes>;
  podProbes(): Promise<PodProbes>;
}

/** A row of the table of tests (`mesh-tests.ts`). */
export interface MeshTest {
  readonly name: TestName;
  /** What it proves, as a sentence without its full stop. */
  readonly about: string;
  /** Its share of the whole time, about: for the progress line. */
  readonly weight: number;
  run(context: TestContext): Promise<Finding>;
}
