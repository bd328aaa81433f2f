import { quantile } from "@warren/common/report/statistics.ts";
import { run } from "@warren/common/runtime/run.ts";
import type { Lab } from "@warren/e2e/lab/lab.ts";
import { WARREN } from "@warren/e2e/lab/warren-process.ts";
import type { Sample } from "../compare.ts";
import { warrenVersion } from "../warren-version.ts";
import { withLab } from "../with-lab.ts";
import type { Figure } from "../works/work.ts";
import type { Suite } from "./suite.ts";

const PODS_PER_ROUND = 20;
const DEFAULT_ROUNDS = 3;
const WARM_UP_PODS = 3;
const FIGURES: readonly Figure[] = [
  { name: "pod-add-p50", about: "wall time, median", unit: "ms", better: "lower" },
  { name: "pod-add-p90", about: "wall time, 90th percentile", unit: "ms", better: "lower" },
];
const SYSTEMS = ["warren", "empty-node"] as const;

/**
 * Wall time of `./warren pod add NAME` from its start to its end, as a user's shell sees it. Next to it, one by one, a
 * Node process that does nothing: the part of the time that no command written for Node can save.
 */
export const podAddSuite: Suite = async ({ options, signal, progress }) => {
  const rounds = options.rounds ?? (options.quick ? 1 : DEFAULT_ROUNDS);
  const samples = await withLab({ nodes: 1, signal }, async (lab) => {
    progress("pod-add: starting a control plane and an agent");
    await lab.startControl({}, signal);
    await lab.startAgent(1, {}, signal);
    await addPods(lab, "warm", WARM_UP_PODS, signal);
    const all: Sample[] = [];
    for (let round = 0; round < rounds; round += 1) {
      const times = await addPods(lab, `r${round}`, PODS_PER_ROUND, signal);
      for (const system of SYSTEMS)
        for (const [index, fraction] of [0.5, 0.9].entries())
          all.push({ system, figure: FIGURES[index]!.name, round, value: quantile(times[system], fraction) });
      const [p50, p90] = [0.5, 0.9].map((fraction) => quantile(times.warren, fraction).toFixed(1));
      progress(`round ${round + 1}/${rounds}  pod-add p50 ${p50} ms  p90 ${p90} ms`);
    }
    return all;
  });
  return {
    name: "pod-add",
    method: `rounds ${rounds}, each ${PODS_PER_ROUND} pods, one after the other, on one node`,
    systems: [
      { name: "warren", role: "own", version: await warrenVersion(), about: "`./warren pod add NAME`" },
      { name: "empty-node", role: "yardstick", version: `Node ${process.versions.node}`, about: "`node -e 0`" },
    ],
    references: ["empty-node"],
    figures: FIGURES,
    samples,
    failures: [],
  };
};

/** Adds pods and removes them again; how long each addition and each empty process took, in milliseconds. */
async function addPods(lab: Lab, prefix: string, count: number, signal: AbortSignal) {
  const { runDir } = lab.agent(1);
  const times: Record<(typeof SYSTEMS)[number], number[]> = { warren: [], "empty-node": [] };
  const names = Array.from({ length: count }, (_, index) => `${prefix}-${index}`);
  for (const name of names) {
    times.warren.push(await timeMs(WARREN, ["pod", "add", name, "--run-dir", runDir], signal));
    times["empty-node"].push(await timeMs(process.execPath, ["-e", "0"], signal));
  }
  for (const name of names) await run(WARREN, ["pod", "del", name, "--run-dir", runDir], { signal });
  return times;
}

async function timeMs(program: string, args: readonly string[], signal: AbortSignal): Promise<number> {
  const start = performance.now();
  await run(program, args, { signal });
  return performance.now() - start;
}
