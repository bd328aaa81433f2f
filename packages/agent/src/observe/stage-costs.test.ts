import { describe, expect, it } from "vitest";
import { STAGES } from "../dataplane/stages.ts";
import type { StageTotals } from "../dataplane-host/data-plane.ts";
import { directionCosts } from "./stage-costs.ts";

const TABLE = STAGES.egress.slice(0, 3);

function totals(changes: Partial<StageTotals> = {}): StageTotals {
  const none = { ns: 0, visits: 0 };
  return { cpuNs: 0, ownNs: 0, rounds: 0, timedRounds: 0, unplacedNs: 0, stages: [none, none, none], ...changes };
}

/** One round in ten was timed: 10 of 100. */
const after = totals({
  cpuNs: 110_000,
  ownNs: 10_000,
  rounds: 100,
  timedRounds: 10,
  stages: [
    { ns: 4000, visits: 10 },
    { ns: 6000, visits: 20 },
    { ns: 0, visits: 0 },
  ],
});

describe("the costs of a direction", () => {
  it("are scaled from timed rounds to all, and leave out stages that were not passed", () => {
    const costs = directionCosts(TABLE, { before: totals(), after, packets: 200, bytes: 12_800 });
    expect(costs).toMatchObject({ packets: 200, bytes: 12_800, cpuNs: 100_000, ownNs: 10_000, accounted: 1 });
    expect(costs.stages.map(({ about: _, ...rest }) => rest)).toEqual([
      { stage: "wait", visits: 100, nsPerVisit: 400, nsPerPacket: 200, share: 0.4 },
      { stage: "read", visits: 200, nsPerVisit: 300, nsPerPacket: 300, share: 0.6 },
    ]);
  });

  it("are those since the earlier reading", () => {
    const later = totals({
      cpuNs: 210_000,
      ownNs: 20_000,
      rounds: 200,
      timedRounds: 20,
      stages: after.stages.map(({ ns, visits }) => ({ ns: ns * 2, visits: visits * 2 })),
    });
    const first = directionCosts(TABLE, { before: totals(), after, packets: 200, bytes: 1 });
    expect(directionCosts(TABLE, { before: after, after: later, packets: 200, bytes: 1 })).toEqual(first);
  });

  it("do not hide that the stages miss a part of the CPU time", () => {
    const costs = directionCosts(TABLE, {
      before: totals(),
      after: { ...after, cpuNs: 210_000 },
      packets: 1,
      bytes: 1,
    });
    expect(costs.accounted).toBe(0.5);
  });

  it("leave out the time that a thread did not run, wherever it was", () => {
    const costs = directionCosts(TABLE, {
      before: totals(),
      after: { ...after, unplacedNs: 5000 },
      packets: 200,
      bytes: 1,
    });
    expect(costs.stages.map(({ nsPerVisit }) => nsPerVisit)).toEqual([200, 150]);
  });

  it("have no figure for a packet when none was forwarded, and no sum when nothing was timed", () => {
    const idle = directionCosts(TABLE, { before: totals(), after, packets: 0, bytes: 0 });
    expect(idle.stages.map(({ nsPerPacket }) => nsPerPacket)).toEqual([null, null]);
    expect(directionCosts(TABLE, { before: totals(), after: totals(), packets: 0, bytes: 0 })).toMatchObject({
      stages: [],
      accounted: null,
    });
  });
});
