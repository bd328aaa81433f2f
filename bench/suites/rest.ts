import { setTimeout as delay } from "node:timers/promises";
import type { Sample } from "../compare.ts";
import { cpuNanosecondsOf, memoryOf } from "../process-usage.ts";
import { warrenVersion } from "../warren-version.ts";
import { withLab } from "../with-lab.ts";
import type { Figure } from "../works/work.ts";
import type { Suite } from "./suite.ts";

const NODES = 4;
const DEFAULT_SECONDS = 20;
const QUICK_SECONDS = 10;
/** After this the start is over: garbage of it collected, first heartbeats sent, code that is used compiled. */
const SETTLE_SECONDS = 5;

const MEMORY = { unit: "MB", better: "lower" } as const;
const FIGURES: readonly Figure[] = [
  { name: "rest-rss", about: "resident memory", ...MEMORY },
  { name: "rest-pss", about: "resident memory, shared pages divided among their users", ...MEMORY },
  { name: "rest-cpu", about: "CPU time, of one core", unit: "%", better: "lower" },
];

/** What an agent with three peers costs while no packet flows. The four agents of the mesh are the four samples. */
export const restSuite: Suite = async ({ options, signal, progress }) => {
  const seconds = options.seconds ?? (options.quick ? QUICK_SECONDS : DEFAULT_SECONDS);
  const samples = await withLab({ nodes: NODES, signal }, async (lab) => {
    progress(`rest: starting a control plane and ${NODES} agents`);
    const control = await lab.startControl({}, signal);
    const hosts = Array.from({ length: NODES }, (_, index) => index + 1);
    const agents = [];
    for (const host of hosts) agents.push(await lab.startAgent(host, {}, signal));
    await lab.meshReady(20_000, signal);
    progress(`rest: watching them for ${seconds} s`);
    await delay(SETTLE_SECONDS * 1000, undefined, { signal });
    const watched = [
      ...agents.map(({ process }) => ["agent", process] as const),
      ["control", control.process] as const,
    ];
    const usages = await Promise.all(watched.map(([, { pid }]) => watch(pid, seconds, signal)));
    return watched.flatMap(([system], index): Sample[] => {
      // One sample for each agent; there is one control plane, which is told along with them.
      const round = system === "control" ? 0 : index;
      return FIGURES.map(({ name: figure }, at) => ({ system, figure, round, value: usages[index]![at]! }));
    });
  });
  const version = await warrenVersion();
  return {
    name: "rest",
    method: `four agents and their control plane, no traffic, ${seconds} s; spread over the four agents`,
    systems: [
      { name: "agent", role: "own", version, about: "`warren agent` with three peers" },
      { name: "control", role: "own", version, about: "`warren control` with four agents" },
    ],
    references: [],
    figures: FIGURES,
    samples,
    failures: [],
  };
};

/** Values in the order of `FIGURES`: memory at the end of the time, CPU over all of it. */
async function watch(pid: number, seconds: number, signal: AbortSignal): Promise<readonly number[]> {
  const before = { cpu: cpuNanosecondsOf(pid), at: performance.now() };
  await delay(seconds * 1000, undefined, { signal });
  const busyMs = (cpuNanosecondsOf(pid) - before.cpu) / 1e6;
  const { rss, pss } = memoryOf(pid);
  return [rss / 1e6, pss / 1e6, (busyMs / (performance.now() - before.at)) * 100];
}
