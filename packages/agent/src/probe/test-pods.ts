import type { TestPod } from "@warren/common/api/ask.ts";
import type { PodInfo, PodRequest } from "@warren/common/api/types.ts";
import { WarrenError } from "@warren/common/errors/warren-error.ts";
import { randomId } from "@warren/common/identity/id.ts";
import type { Clock } from "@warren/common/runtime/clock.ts";
import type { Logger } from "pino";

/** Where self-tests have their pods. */
const NAMESPACE = "warren-test";
/** What tells a pod of a self-test from one that somebody made there: only those are ever taken away. */
const LABEL = "warren.test/self-test";
/** At a time, of all tests together. */
const MAX_TEST_PODS = 16;
/** Making and taking away costs the host: whoever has that done in a loop does not keep it busy. */
const MADE_PER_MINUTE = 60;
/** How long until a pod that could not be taken away is tried again. */
const AGAIN_MS = 10_000;

export interface TestPodsOptions {
  readonly pods: {
    add(request: PodRequest): Promise<PodInfo>;
    delete(namespace: string, name: string): Promise<PodInfo>;
    list(): readonly PodInfo[];
  };
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Pods that live for a self-test, and no longer, whatever becomes of whoever asked for them. */
export class TestPods {
  readonly #options: TestPodsOptions;
  /** Dead-man timers by name. */
  readonly #cancels = new Map<string, () => void>();
  /** Names of those that are asked for, and perhaps not in the list yet. */
  readonly #making = new Set<string>();
  /** When those of the last minute were asked for. */
  #madeAtMs: number[] = [];
  #isClosed = false;

  constructor(options: TestPodsOptions) {
    this.#options = options;
  }

  /** Takes away what an agent before this one left. */
  async sweep(): Promise<void> {
    for (const { name } of this.#mine()) await this.#takeAway(name);
  }

  /** @throws `busy`, and what making a pod throws */
  async add(seconds: number): Promise<TestPod> {
    this.#checkRoom();
    const name = `warren-test-${randomId(8)}`;
    this.#making.add(name);
    try {
      const { addresses } = await this.#options.pods.add({ name, namespace: NAMESPACE, labels: { [LABEL]: "true" } });
      this.#arm(name, seconds * 1000);
      return { namespace: NAMESPACE, name, addresses };
    } finally {
      this.#making.delete(name);
    }
  }

  #checkRoom(): void {
    const names = new Set([...this.#mine().map(({ name }) => name), ...this.#making]);
    if (names.size >= MAX_TEST_PODS)
      throw new WarrenError("busy", `${MAX_TEST_PODS} pods of self-tests are on this node; delete one, or wait`);
    const nowMs = this.#options.clock.monotonicMs();
    this.#madeAtMs = this.#madeAtMs.filter((atMs) => nowMs - atMs < 60_000);
    if (this.#madeAtMs.length >= MADE_PER_MINUTE)
      throw new WarrenError("busy", `${MADE_PER_MINUTE} pods of self-tests were made here in the last minute; wait`);
    this.#madeAtMs.push(nowMs);
  }

  /** @throws `not-found`; `forbidden` for a pod that is no self-test's */
  async delete(namespace: string, name: string): Promise<void> {
    const pod = this.#options.pods.list().find((found) => found.namespace === namespace && found.name === name);
    if (!pod) throw new WarrenError("not-found", `there is no pod ${namespace}/${name} on this node (any more)`);
    if (!isTestPod(pod))
      throw new WarrenError(
        "forbidden",
        `pod ${namespace}/${name} is not of a self-test; only its own node deletes it`,
      );
    await this.#options.pods.delete(namespace, name);
    // Not before: one that resisted is tried again when its time is over.
    this.#disarm(name);
  }

  /** Takes all of them away. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.sweep();
  }

  #mine(): PodInfo[] {
    return this.#options.pods.list().filter(isTestPod);
  }

  #arm(name: string, afterMs: number): void {
    if (this.#isClosed) return;
    this.#disarm(name);
    this.#cancels.set(
      name,
      this.#options.clock.after(afterMs, () => void this.#takeAway(name)),
    );
  }

  #disarm(name: string): void {
    this.#cancels.get(name)?.();
    this.#cancels.delete(name);
  }

  async #takeAway(name: string): Promise<void> {
    this.#disarm(name);
    try {
      await this.#options.pods.delete(NAMESPACE, name);
    } catch (thrown) {
      const error = WarrenError.from(thrown);
      if (error.code === "not-found") return;
      this.#options.logger.warn({ pod: name, err: error }, "a pod of a self-test could not be taken away");
      this.#arm(name, AGAIN_MS);
    }
  }
}

function isTestPod(pod: PodInfo): boolean {
  return pod.namespace === NAMESPACE && pod.labels[LABEL] === "true";
}
