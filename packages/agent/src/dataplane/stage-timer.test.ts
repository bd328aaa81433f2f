import { describe, expect, test } from "vitest";
import {
  COUNTER_BYTES,
  STAGE_OWN_NS,
  STAGE_ROUNDS,
  STAGE_TIMED_ROUNDS,
  STAGE_TOTAL_NS,
  STAGE_UNPLACED_NS,
  stageCounters,
  workerStages,
} from "./counters.ts";
import { StageTimer } from "./stage-timer.ts";
import { EGRESS_STAGE, STAGES, WAIT } from "./stages.ts";
import { FakeStageClock } from "./testing/fake-stage-clock.ts";

const WORKER = 1;
const STAGE = { wait: WAIT, ...EGRESS_STAGE };

function createTimer(every = 1, costs: Partial<Pick<FakeStageClock, "wallCost" | "cpuCost">> = {}) {
  const clock = Object.assign(new FakeStageClock(), costs);
  const counters = new Float64Array(COUNTER_BYTES / 8);
  const timer = new StageTimer(counters, WORKER, clock, every);
  const total = (which: number) => counters[workerStages(WORKER) + which]!;
  const stages = STAGES.map((_, stage) => stageCounters(stage));
  return {
    clock,
    timer,
    counters,
    total,
    ns: (stage: number) => total(stageCounters(stage)),
    visits: (stage: number) => total(stageCounters(stage) + 1),
    sum: () => stages.reduce((sum, at) => sum + total(at), 0),
  };
}

/** One round that spends 1,000 ns waiting, 100 reading, and 10 parsing. */
function round({ timer, clock }: ReturnType<typeof createTimer>): void {
  timer.round();
  clock.run(1000);
  timer.mark(STAGE.wait);
  clock.run(100);
  timer.mark(STAGE.read);
  clock.run(10);
  timer.mark(STAGE.parse);
}

describe("stage timer", () => {
  test("gives every nanosecond between two marks to the second, and what is left of a round to wait", () => {
    const one = createTimer();
    one.timer.start();
    round(one);
    one.clock.run(5);
    round(one);
    one.timer.stop();
    expect([STAGE.wait, STAGE.read, STAGE.parse, STAGE.send].map(one.ns)).toEqual([2005, 200, 20, 0]);
    expect([STAGE.wait, STAGE.read, STAGE.parse, STAGE.send].map(one.visits)).toEqual([2, 2, 2, 0]);
    expect(one.sum()).toBe(one.total(STAGE_TOTAL_NS));
  });

  test("takes what its own readings cost off every stage, and tells it apart", () => {
    const one = createTimer(1, { wallCost: 70, cpuCost: 650 });
    one.timer.start();
    for (let i = 0; i < 10; i++) round(one);
    one.timer.stop();
    expect(one.ns(STAGE.read)).toBeCloseTo(1000);
    expect(one.sum()).toBeCloseTo(10 * 1110);
    const own = one.total(STAGE_OWN_NS);
    // Each round: three marks, its end, and three readings of the CPU time with one of the wall clock each.
    expect(own).toBeGreaterThan(10 * (4 * 70 + 3 * (650 + 70)));
    // The reading with which the timing began is in neither.
    expect(one.total(STAGE_TOTAL_NS) - one.sum() - own).toBeCloseTo(650);
  });

  test("does not count the time in which the thread was blocked in a wait, however short", () => {
    const one = createTimer();
    one.timer.start();
    one.timer.round();
    one.clock.run(300);
    one.clock.pause(20);
    one.clock.run(300);
    one.timer.mark(STAGE.wait);
    one.timer.stop();
    expect(one.ns(STAGE.wait)).toBe(600);
  });

  test("takes a long preemption off the stage it fell into, and tells a short one apart", () => {
    const one = createTimer();
    one.timer.start();
    one.timer.round();
    one.timer.mark(STAGE.wait);
    one.clock.run(400);
    one.clock.pause(3_000_000);
    one.clock.run(400);
    one.timer.mark(STAGE.read);
    one.clock.run(50);
    one.clock.pause(2000);
    one.timer.mark(STAGE.parse);
    one.timer.stop();
    expect(one.ns(STAGE.read)).toBe(800);
    expect(one.ns(STAGE.parse)).toBe(2050);
    expect(one.total(STAGE_UNPLACED_NS)).toBe(2000);
    expect(one.sum() - one.total(STAGE_UNPLACED_NS)).toBe(one.total(STAGE_TOTAL_NS));
  });

  test("is not misled by a preemption at the end of its own system call", () => {
    const one = createTimer(1, { wallCost: 70, cpuCost: 650 });
    one.timer.start();
    for (let i = 0; i < 3; i++) {
      one.clock.preempted = 2_000_000;
      round(one);
    }
    one.timer.stop();
    expect(one.ns(STAGE.read)).toBeCloseTo(300);
    expect(one.ns(STAGE.wait)).toBeCloseTo(3000);
    expect(one.total(STAGE_UNPLACED_NS)).toBeCloseTo(0);
  });

  test("counts nothing while it is off, and goes on with the sums when it is on again", () => {
    const one = createTimer();
    round(one);
    expect(one.sum()).toBe(0);
    for (let time = 1; time <= 2; time++) {
      one.timer.start();
      round(one);
      one.timer.stop();
      round(one);
      expect(one.ns(STAGE.read)).toBe(time * 100);
      expect(one.total(STAGE_TOTAL_NS)).toBe(time * 1110);
    }
    expect(one.total(STAGE_ROUNDS)).toBe(2);
  });

  test("starting twice, stopping twice and stopping before the first round change nothing", () => {
    const one = createTimer();
    one.timer.stop();
    one.timer.start();
    one.timer.stop();
    expect(one.total(STAGE_TOTAL_NS)).toBe(0);
    one.timer.start();
    round(one);
    one.timer.start();
    one.timer.stop();
    one.timer.stop();
    expect(one.sum()).toBe(1110);
  });

  test("times one round in `every`, all of it, and never in step with the traffic", () => {
    const every = 8;
    const one = createTimer(every);
    one.timer.start();
    const timedByPhase = new Map<number, number>();
    for (let i = 0; i < 80_000; i++) {
      const before = one.total(STAGE_TIMED_ROUNDS);
      round(one);
      const phase = i % every;
      timedByPhase.set(phase, (timedByPhase.get(phase) ?? 0) + one.total(STAGE_TIMED_ROUNDS) - before);
    }
    one.timer.stop();
    expect(one.total(STAGE_ROUNDS)).toBe(80_000);
    const timed = one.total(STAGE_TIMED_ROUNDS);
    expect(timed).toBeGreaterThan(9500);
    expect(timed).toBeLessThan(10_500);
    expect(one.sum()).toBe(timed * 1110);
    for (const count of timedByPhase.values()) expect(count / (timed / every)).toBeCloseTo(1, 0);
  });
});
