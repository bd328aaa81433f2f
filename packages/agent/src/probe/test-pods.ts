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
    if (this.#mine().length >= MAX_TEST_PODS)
      throw new WarrenError("busy", `${MAX_TEST_PODS} pods of self-tests are on this node; delete one, or wait`);
    const name = `warren-test-${randomId(8)}`;
    const { addresses } = await this.#options.pods.add({ name, namespace: NAMESPACE, labels: { [LABEL]: "true" } });
    this.#arm(name, seconds * 1000);
    return { namespace: NAMESPACE, name, addresses };
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
    this.#disarm(name);
    await this.#options.pods.delete(namespace, name);
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
