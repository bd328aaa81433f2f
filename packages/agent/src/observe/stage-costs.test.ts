import { describe, expect, it } from "vitest";
import { STAGES } from "../dataplane/stages.ts";
import type { StageTotals } from "../dataplane-host/data-plane.ts";
import { directionCosts } from "./stage-costs.ts";

const TABLE = STAGES.egress.slice(0, 3);
const CALLS = { tunRead: 200, tunWrite: 1, udpSend: 1, udpReceive: 1 };

function totals(changes: Partial<StageTotals> = {}): StageTotals {
  const none = { ns: 0, visits: 0 };
  return { cpuNs: 0, ownNs: 0, rounds: 0, timedRounds: 0, unplacedNs: 0, stages: [none, none, none], ...changes };
}

/** One round in five was timed, 20 of 100, but one call in ten. */
const after = totals({
  cpuNs: 110_000,
  ownNs: 10_000,
  rounds: 100,
  timedRounds: 20,
  stages: [
    { ns: 8000, visits: 20 },
    { ns: 6000, visits: 20 },
    { ns: 0, visits: 0 },
  ],
});

describe("the costs of a direction", () => {
  it("are scaled up, waits by rounds and reads by the calls of all rounds, and leave out stages that were not passed", () => {
    const costs = directionCosts(TABLE, { before: totals(), after, syscalls: CALLS, packets: 200, bytes: 12_800 });
    expect(costs).toMatchObject({ packets: 200, bytes: 12_800, cpuNs: 100_000, ownNs: 10_000, accounted: 1 });
    expect(costs.stages.map(({ about: _, ...rest }) => rest)).toEqual([
      { stage: "wait", visits: 100, nsPerVisit: 400, nsPerPacket: 200, share: 0.4 },
      { stage: "read", visits: 200, nsPerVisit: 300, nsPerPacket: 300, share: 0.6 },
    ]);
  });

  it("are those since the earlier reading", () => {
    const later = totals({
      cpuNs: 220_000,
      ownNs: 20_000,
      rounds: 200,
      timedRounds: 40,
      stages: after.stages.map(({ ns, visits }) => ({ ns: ns * 2, visits: visits * 2 })),
    });
    const first = directionCosts(TABLE, { before: totals(), after, syscalls: CALLS, packets: 200, bytes: 1 });
    expect(directionCosts(TABLE, { before: after, after: later, syscalls: CALLS, packets: 200, bytes: 1 })).toEqual(
      first,
    );
  });

  it("do not hide that the stages miss a part of the CPU time", () => {
    const costs = directionCosts(TABLE, {
      before: totals(),
      after: { ...after, cpuNs: 210_000 },
      syscalls: CALLS,
      packets: 1,
      bytes: 1,
    });
    expect(costs.accounted).toBe(0.5);
  });

  it("leave out the time that a thread did not run, wherever it was", () => {
    const costs = directionCosts(TABLE, {
      before: totals(),
      after: { ...after, unplacedNs: 7000 },
      syscalls: CALLS,
      packets: 200,
      bytes: 1,
    });
    expect(costs.stages.map(({ nsPerVisit }) => nsPerVisit)).toEqual([200, 150]);
  });

  it("scale a send by sends, and what is no call by the reads", () => {
    const road = [STAGES.egress[0]!, STAGES.egress[1]!, STAGES.egress[2]!, STAGES.egress[9]!];
    const counted = totals({
      ...{ cpuNs: 1000, rounds: 100, timedRounds: 20 },
      stages: [
        { ns: 20, visits: 20 },
        { ns: 20, visits: 20 },
        { ns: 40, visits: 20 },
        { ns: 10, visits: 5 },
      ],
    });
    const before = totals({ stages: counted.stages.map(() => ({ ns: 0, visits: 0 })) });
    const costs = directionCosts(road, {
      ...{ before, after: counted, packets: 1, bytes: 1 },
      syscalls: { ...CALLS, udpSend: 10 },
    });
    expect(costs.stages.map(({ visits }) => visits)).toEqual([100, 200, 200, 10]);
    expect(costs.accounted).toBeCloseTo((100 + 200 + 400 + 20) / 1000);
  });

  it("have no figure for a packet when none was forwarded, and no sum when too few rounds were timed", () => {
    const idle = directionCosts(TABLE, { before: totals(), after, syscalls: CALLS, packets: 0, bytes: 0 });
    expect(idle.stages.map(({ nsPerPacket }) => nsPerPacket)).toEqual([null, null]);
    expect(
      directionCosts(TABLE, { before: totals(), after: totals(), syscalls: CALLS, packets: 0, bytes: 0 }),
    ).toMatchObject({
      stages: [],
      accounted: null,
    });
    const few = { ...after, timedRounds: 19 };
    const costs = directionCosts(TABLE, { before: totals(), after: few, syscalls: CALLS, packets: 200, bytes: 1 });
    expect(costs.accounted).toBeNull();
  });
});
