import type { DirectionCosts, StageCost } from "@warren/common/api/types.ts";
import type { Stage } from "../dataplane/stages.ts";
import type { StageTotals } from "../dataplane-host/data-plane.ts";

/** What one direction did while its stages were timed. */
export interface Timed {
  readonly before: StageTotals;
  readonly after: StageTotals;
  readonly packets: number;
  readonly bytes: number;
}

/**
 * From the counters of timed rounds to the cost of all rounds: every stage is scaled up by how many rounds there were to
 * each timed one. The sum is then held against the CPU time of the thread, which was read once at each end and knows
 * nothing of stages and rounds: `accounted`. Time of the timing itself is in neither.
 */
export function directionCosts(table: readonly Stage[], { before, after, packets, bytes }: Timed): DirectionCosts {
  const rounds = after.rounds - before.rounds;
  const timedRounds = after.timedRounds - before.timedRounds;
  const ownNs = after.ownNs - before.ownNs;
  const cpuNs = Math.max(0, after.cpuNs - before.cpuNs - ownNs);
  const counted = table.map((stage, index) => ({
    stage,
    ns: after.stages[index]!.ns - before.stages[index]!.ns,
    visits: after.stages[index]!.visits - before.stages[index]!.visits,
  }));
  const sum = counted.reduce((total, { ns }) => total + ns, 0);
  // The thread did not run for this part of it: nobody knows in which stage, so it is taken off all of them alike.
  const ran = sum > 0 ? 1 - (after.unplacedNs - before.unplacedNs) / sum : 1;
  const scale = timedRounds > 0 ? rounds / timedRounds : 0;
  const stages = counted
    .filter(({ visits }) => visits > 0)
    .map(({ stage, ns, visits }): StageCost => {
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
    accounted: timedRounds > 0 && cpuNs > 0 ? stages.reduce((total, { share }) => total + share, 0) : null,
  };
}
