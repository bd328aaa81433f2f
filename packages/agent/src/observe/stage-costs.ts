import type { DirectionCosts, StageCost } from "@warren/common/api/types.ts";
import { type Stage, WAIT } from "../dataplane/stages.ts";
import type { StageTotals } from "../dataplane-host/data-plane.ts";

/** What one direction did while its stages were timed. */
export interface Timed {
  readonly before: StageTotals;
  readonly after: StageTotals;
  /** System calls that take packets in, of all rounds: what `read` and `receive` are the timed part of. */
  readonly calls: number;
  readonly packets: number;
  readonly bytes: number;
}

/** Place in both tables of the stage that takes packets in. */
const TAKE = 1;
/** From fewer timed rounds than this, nobody can tell what all of them took. */
const ENOUGH_ROUNDS = 20;

/**
 * From the counters of timed rounds to the cost of all rounds. Waits are scaled up by how many rounds there were to each
 * timed one. The other stages are scaled by the calls that take packets in: the timing makes a round slower, so more
 * packets come while it lasts, and timed rounds are longer than others (twice as long, in a flood of small packets).
 *
 * The sum is then held against the CPU time of the thread, which was read once at each end and knows nothing of stages
 * and rounds: `accounted`. Time of the timing itself is in neither.
 */
export function directionCosts(
  table: readonly Stage[],
  { before, after, calls, packets, bytes }: Timed,
): DirectionCosts {
  const rounds = after.rounds - before.rounds;
  const timedRounds = after.timedRounds - before.timedRounds;
  const ownNs = after.ownNs - before.ownNs;
  const cpuNs = Math.max(0, after.cpuNs - before.cpuNs - ownNs);
  const timedCalls = after.stages[TAKE]!.visits - before.stages[TAKE]!.visits;
  const byRounds = timedRounds > 0 ? rounds / timedRounds : 0;
  const byCalls = timedCalls > 0 ? calls / timedCalls : byRounds;
  const counted = table.map((stage, index) => ({
    stage,
    scale: index === WAIT ? byRounds : byCalls,
    ns: after.stages[index]!.ns - before.stages[index]!.ns,
    visits: after.stages[index]!.visits - before.stages[index]!.visits,
  }));
  const sum = counted.reduce((total, { ns }) => total + ns, 0);
  // The thread did not run for this part of it: nobody knows in which stage, so it is taken off all of them alike.
  const ran = sum > 0 ? 1 - (after.unplacedNs - before.unplacedNs) / sum : 1;
  const stages = counted
    .filter(({ visits }) => visits > 0)
    .map(({ stage, scale, ns, visits }): StageCost => {
      // A stage that is cheaper than the uncertainty of what a reading costs can come out below nothing.
      const spent = Math.max(0, ns * ran);
      return {
        stage: stage.name,
        about: stage.about,
        visits: Math.round(visits * scale),
        nsPerVisit: spent / visits,
        nsPerPacket: packets > 0 ? (spent * scale) / packets : null,
        share: cpuNs > 0 ? (spent * scale) / cpuNs : 0,
      };
    });
  return {
    packets,
    bytes,
    cpuNs,
    ownNs,
    rounds,
    timedRounds,
    stages,
    accounted: timedRounds >= ENOUGH_ROUNDS && cpuNs > 0 ? stages.reduce((total, { share }) => total + share, 0) : null,
  };
}
