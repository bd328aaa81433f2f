import type { TestContext } from "./mesh-test.ts";
import { nodeEnd } from "./node-to-node.ts";
import { orderedPairs } from "./pairs.ts";
import { type PodProbes, probePods } from "./pod-probes.ts";
import { type Probes, probePairs } from "./probe.ts";
import { type Survey, takeSurvey } from "./survey.ts";

/** Measurements that several tests look at: each is made once, when it is first asked for. */
export class Measurements {
  #survey: Promise<Survey> | undefined;
  #nodeProbes: Promise<Probes> | undefined;
  #podProbes: Promise<PodProbes> | undefined;

  survey(context: TestContext): Promise<Survey> {
    const { mesh, clock, signal, progress } = context;
    this.#survey ??= takeSurvey(mesh, clock, signal, (count, of) =>
      progress(count / of, `${count} of ${of} nodes asked`),
    );
    return this.#survey;
  }

  nodeProbes(context: TestContext): Promise<Probes> {
    this.#nodeProbes ??= this.#probeNodes(context);
    return this.#nodeProbes;
  }

  podProbes(context: TestContext): Promise<PodProbes> {
    this.#podProbes ??= this.survey(context).then(({ answered }) => probePods(context, answered));
    return this.#podProbes;
  }

  async #probeNodes(context: TestContext): Promise<Probes> {
    const { mesh, clock, signal, extent, progress } = context;
    const { answered } = await this.survey(context);
    const pairs = orderedPairs(answered.map(nodeEnd), extent.pairs);
    const onProgress = (share: number) => progress(share, `probes between ${answered.length} nodes`);
    return probePairs(pairs, { mesh, clock, signal, onProgress });
  }
}
