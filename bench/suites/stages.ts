import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { callLocal } from "@warren/common/api/local-client.ts";
import type { StageCosts } from "@warren/common/api/types.ts";
import type { Lab } from "@warren/e2e/lab/lab.ts";
import type { Failure } from "../compare.ts";
import { pick } from "../options.ts";
import type { StageMeasurement } from "../report/stages-table.ts";
import { ALL_SYSTEMS, SUBJECT } from "../systems/registry.ts";
import { withLab } from "../with-lab.ts";
import type { Path, Work } from "../works/work.ts";
import type { Suite } from "./suite.ts";

/** One of each kind: large super-packets, many small packets, single packets. */
const WORKS = ["tcp-1", "udp-64", "latency"];
const DEFAULT_SECONDS = 5;
const QUICK_SECONDS = 2;
const MAX_SECONDS = 60;
/** Traffic is up, code is hot. */
const BEFORE_SECONDS = 2;
/** The traffic outlasts the measurement. */
const AFTER_SECONDS = 1;

/**
 * Where the workers of a live mesh spend their time: while a work runs between two nodes, both agents are asked as
 * `warren stages` asks them.
 */
export const stagesSuite =
  (works: readonly Work[]): Suite =>
  async ({ options, signal, progress }) => {
    const chosen = pick("work", works, options.only ?? WORKS);
    const seconds = Math.min(options.seconds ?? (options.quick ? QUICK_SECONDS : DEFAULT_SECONDS), MAX_SECONDS);
    const { about, prepare } = pick("system", ALL_SYSTEMS, [SUBJECT])[0]!;
    const { version, on } = await prepare({ signal, progress });
    const stages: StageMeasurement[] = [];
    const failures: Failure[] = [];
    await withLab({ nodes: 2, topology: "direct", signal }, async (lab) => {
      const path = await on(lab).setUp(signal);
      for (const work of chosen) {
        progress(`stages: ${work.name}, ${seconds} s`);
        try {
          stages.push(...(await measure(lab, path, work, seconds, signal)));
        } catch (error) {
          signal.throwIfAborted();
          const reason = error instanceof Error ? error.message : String(error);
          failures.push({ system: SUBJECT, work: work.name, round: 0, reason });
        }
      }
    });
    return {
      name: "stages",
      method: `two namespaces, one veth pair, both nodes measured for ${seconds} s while the work runs`,
      systems: [{ name: SUBJECT, role: "own", version, about }],
      references: [],
      figures: [],
      samples: [],
      failures,
      stages,
    };
  };

async function measure(
  lab: Lab,
  path: Path,
  work: Work,
  seconds: number,
  signal: AbortSignal,
): Promise<StageMeasurement[]> {
  const ask = async (number: number): Promise<StageCosts> => {
    await delay(BEFORE_SECONDS * 1000, undefined, { signal });
    const socket = join(lab.agent(number).runDir, "agent.sock");
    return callLocal(socket, "POST", "/v1/stages", { seconds }, signal, (seconds + 10) * 1000);
  };
  const running = work.run(path, BEFORE_SECONDS + seconds + AFTER_SECONDS, signal);
  const [sender, receiver] = await Promise.all([ask(1), ask(2), running]);
  return [
    { work: work.name, node: "client", costs: sender },
    { work: work.name, node: "server", costs: receiver },
  ];
}
