import { describe, expect, it } from "vitest";
import { EGRESS_STAGE, INGRESS_STAGE, STAGES, WAIT } from "../dataplane/stages.ts";
import type { WorkerTimes } from "../dataplane-host/data-plane.ts";
import { type Timed, workerCosts } from "./worker-costs.ts";

/** `[ns, visits]` of stages that were passed. */
function times(
  passed: Readonly<Record<number, readonly [number, number]>>,
  changes: Partial<WorkerTimes> = {},
): WorkerTimes {
  return {
    directions: ["egress", "ingress"],
    ...{ cpuNs: 0, ownNs: 0, rounds: 0, timedRounds: 0, unplacedNs: 0 },
    ...changes,
    stages: STAGES.map((_, stage) => ({ ns: passed[stage]?.[0] ?? 0, visits: passed[stage]?.[1] ?? 0 })),
  };
}

const none = { packets: 0, bytes: 0 };
const traffic = { egress: { packets: 200, bytes: 12_800 }, ingress: none };
const syscalls = { tunRead: 200, tunWrite: 0, udpSend: 0, udpReceive: 0 };
const totals = { cpuNs: 110_000, ownNs: 10_000, rounds: 100, timedRounds: 20 };
/** One round in five was timed, but one call in ten. */
const after = times({ [WAIT]: [8000, 20], [EGRESS_STAGE.read]: [6000, 20] }, totals);

const costs = (changes: Partial<Timed> = {}) =>
  workerCosts({ before: times({}), after, syscalls, traffic, ...changes });

describe("the costs of a worker", () => {
  it("are scaled up, waits by rounds and reads by all reads, and leave out stages that were not passed", () => {
    expect(costs()).toMatchObject({ cpuNs: 100_000, ownNs: 10_000, accounted: 1 });
    expect(costs().stages).toMatchObject([
      { direction: null, stage: "wait", visits: 100, nsPerVisit: 400, nsPerPacket: 200, share: 0.4 },
      { direction: "egress", stage: "read", visits: 200, nsPerVisit: 300, nsPerPacket: 300, share: 0.6 },
    ]);
  });

  it("are those since the earlier reading", () => {
    const later = times(
      { [WAIT]: [16_000, 40], [EGRESS_STAGE.read]: [12_000, 40] },
      { cpuNs: 220_000, ownNs: 20_000, rounds: 200, timedRounds: 40 },
    );
    expect(costs({ before: after, after: later })).toEqual(costs());
  });

  it("scale a send by sends, and what is no call by the call that takes in packets of its direction", () => {
    const both = times(
      {
        ...{ [WAIT]: [20, 20], [EGRESS_STAGE.read]: [20, 20], [EGRESS_STAGE.parse]: [40, 20] },
        ...{ [EGRESS_STAGE.send]: [10, 5], [INGRESS_STAGE.receive]: [20, 10], [INGRESS_STAGE.police]: [30, 10] },
      },
      { ...totals, cpuNs: 10_000 + 1000 },
    );
    const calls = { tunRead: 200, tunWrite: 0, udpSend: 10, udpReceive: 30 };
    const { stages, accounted } = costs({ after: both, syscalls: calls });
    expect(stages.map(({ stage, visits }) => `${stage} ${visits}`)).toEqual([
      "wait 100",
      "read 200",
      "parse 200",
      "send 10",
      "receive 30",
      "police 30",
    ]);
    expect(accounted).toBeCloseTo((100 + 200 + 400 + 20 + 60 + 90) / 1000);
  });

  it("count a stage for each packet of its direction, and a wait for each of the worker's", () => {
    const both = times({ [WAIT]: [8000, 20], [INGRESS_STAGE.receive]: [8000, 20] }, totals);
    const mixed = { ...traffic, ingress: { packets: 600, bytes: 1 } };
    const calls = { ...syscalls, udpReceive: 60 };
    const perPacket = (times: WorkerTimes) =>
      costs({ after: times, traffic: mixed, syscalls: calls }).stages.map(({ nsPerPacket }) => nsPerPacket);
    expect(perPacket(both)).toEqual([40_000 / 800, 24_000 / 600]);
    expect(perPacket({ ...both, directions: ["ingress"] })).toEqual([40_000 / 600, 24_000 / 600]);
  });

  it("do not hide that the stages miss a part of the CPU time", () => {
    expect(costs({ after: { ...after, cpuNs: 210_000 } }).accounted).toBe(0.5);
  });

  it("leave out the time that a thread did not run, wherever it was", () => {
    const { stages } = costs({ after: { ...after, unplacedNs: 7000 } });
    expect(stages.map(({ nsPerVisit }) => nsPerVisit)).toEqual([200, 150]);
  });

  it("have no figure for a packet when none was forwarded, and no sum when too few rounds were timed", () => {
    const idle = costs({ traffic: { egress: none, ingress: none } });
    expect(idle.stages.map(({ nsPerPacket }) => nsPerPacket)).toEqual([null, null]);
    expect(costs({ after: times({}) })).toMatchObject({ stages: [], accounted: null });
    expect(costs({ after: { ...after, timedRounds: 19 } }).accounted).toBeNull();
  });
});
