import type { StageCost, StageCosts } from "@warren/common/api/types.ts";
import { median } from "@warren/common/report/statistics.ts";
import type { StageFigure } from "../run.ts";
import { medianInterval } from "../statistics/median-interval.ts";

/** What the agents at both ends said of one measurement; null where the kernel forwards. */
export interface BothCosts {
  readonly sender: StageCosts | null;
  readonly receiver: StageCosts | null;
}

/** What every stage cost for each packet, over all measurements of a line, in the order of the packet's road. */
export function stageFigures(measured: readonly BothCosts[]): StageFigure[] {
  return (["sender", "receiver"] as const).flatMap((side) => {
    const costs = measured.flatMap((both) => both[side]?.workers ?? []).flatMap(({ stages }) => stages);
    const groups = Map.groupBy(costs, ({ direction, stage }) => `${direction} ${stage}`);
    return [...groups.values()].flatMap((group) => figureOf(side, group));
  });
}

function figureOf(side: StageFigure["side"], costs: readonly StageCost[]): StageFigure[] {
  const samples = costs.flatMap(({ nsPerPacket }) => (nsPerPacket === null ? [] : [nsPerPacket]));
  if (samples.length === 0) return [];
  const { direction, stage } = costs[0]!;
  const share = median(costs.map((cost) => cost.share));
  return [{ side, direction, stage, ...medianInterval(samples), samples, share }];
}

/** CPU time of the threads that forward, in seconds for each second; null where none does. */
export function cpuOf(costs: StageCosts | null): number | null {
  if (costs === null || costs.workers.length === 0) return null;
  return costs.workers.reduce((sum, { cpuNs }) => sum + cpuNs, 0) / 1e9 / costs.seconds;
}
