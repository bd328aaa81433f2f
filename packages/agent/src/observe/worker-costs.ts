import type { StageCost, StageCosts, WorkerCosts } from "@warren/common/api/types.ts";
import { type Direction, STAGES, type Stage } from "../dataplane/stages.ts";
import type { DataPlaneStats, WorkerTimes } from "../dataplane-host/data-plane.ts";

/** What a node did while the stages of a worker were timed. */
export interface Timed {
  readonly before: WorkerTimes;
  readonly after: WorkerTimes;
  /** System calls of all rounds, timed or not. */
  readonly syscalls: DataPlaneStats["syscalls"];
  readonly traffic: Pick<StageCosts, Direction>;
}

interface Counted {
  readonly stage: Stage;
  readonly ns: number;
  readonly visits: number;
}

/** From fewer timed rounds than this, nobody can tell what all of them took. */
const ENOUGH_ROUNDS = 20;

/**
 * From the counters of timed rounds to the cost of all rounds. Waits are scaled up by how many rounds there were to each
 * timed one; a stage that is a system call by how many of these were made; the others like the call that takes packets in,
 * which is the first of a road. Rounds alone would not do: the timing makes a round slower, so more packets come while it
 * lasts (half as many again, in a flood of small ones).
 *
 * The sum is then held against the CPU time of the thread, which was read once at each end and knows nothing of stages
 * and rounds: `accounted`. Time of the timing itself is in neither.
 */
export function workerCosts({ before, after, syscalls, traffic }: Timed): WorkerCosts {
  const { directions } = after;
  const rounds = after.rounds - before.rounds;
  const timedRounds = after.timedRounds - before.timedRounds;
  const ownNs = after.ownNs - before.ownNs;
  const cpuNs = Math.max(0, after.cpuNs - before.cpuNs - ownNs);
  const counted = STAGES.map((stage, index) => ({
    stage,
    ns: after.stages[index]!.ns - before.stages[index]!.ns,
    visits: after.stages[index]!.visits - before.stages[index]!.visits,
  }));
  const byRounds = timedRounds > 0 ? rounds / timedRounds : 0;
  const byCalls = ({ stage: { call }, visits }: Counted) => (call && visits > 0 ? syscalls[call] / visits : null);
  const scaleOf = (each: Counted): number => {
    const { direction } = each.stage;
    if (direction === null) return byRounds;
    const take = counted.find(({ stage }) => stage.direction === direction && stage.call)!;
    return byCalls(each) ?? byCalls(take) ?? byRounds;
  };
  const sum = counted.reduce((total, { ns }) => total + ns, 0);
  // The thread did not run for this part of it: nobody knows in which stage, so it is taken off all of them alike.
  const ran = sum > 0 ? 1 - (after.unplacedNs - before.unplacedNs) / sum : 1;
  const passed = counted
    .filter(({ visits }) => visits > 0)
    .map(({ stage, ns, visits }) => ({ stage, ns: ns * ran, visits, scale: scaleOf({ stage, ns, visits }) }));
  const packetsOf = (direction: Direction | null) =>
    directions.reduce(
      (total, each) => total + (direction === null || each === direction ? traffic[each].packets : 0),
      0,
    );
  const stages = passed.map(({ stage, ns, visits, scale }): StageCost => {
    // A stage that is cheaper than the uncertainty of what a mark costs can come out below nothing.
    const spent = Math.max(0, ns);
    const packets = packetsOf(stage.direction);
    return {
      ...{ direction: stage.direction, stage: stage.name, about: stage.about },
      visits: Math.round(visits * scale),
      nsPerVisit: spent / visits,
      nsPerPacket: packets > 0 ? (spent * scale) / packets : null,
      share: cpuNs > 0 ? (spent * scale) / cpuNs : 0,
    };
  });
  const accountedNs = passed.reduce((total, { ns, scale }) => total + ns * scale, 0);
  const accounted = timedRounds >= ENOUGH_ROUNDS && cpuNs > 0 ? accountedNs / cpuNs : null;
  return { directions, cpuNs, ownNs, rounds, timedRounds, stages, accounted };
}
