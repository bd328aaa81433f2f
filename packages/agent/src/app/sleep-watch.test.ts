import { describe, expect, it } from "vitest";
import { VirtualClock } from "../testing/virtual-clock.ts";
import { type Clocks, type Gap, gapBetween, SleepWatch } from "./sleep-watch.ts";

const HOUR_MS = 3_600_000;
const START: Clocks = { bootMs: 90_000, monotonicMs: 80_000, wallMs: 1_800_000_000_000 };
const after = (bootMs: number, monotonicMs: number, wallMs: number): Gap | null =>
  gapBetween(START, {
    bootMs: START.bootMs + bootMs,
    monotonicMs: START.monotonicMs + monotonicMs,
    wallMs: START.wallMs + wallMs,
  });

describe("what stood still", () => {
  it.each([
    ["nothing", 1_000, 1_000, 1_000, null],
    ["nothing, on a busy machine", 9_000, 9_000, 9_000, null],
    ["nothing, while the clock is slewed", 1_000, 1_000, 1_300, null],
    ["the machine", HOUR_MS + 1_000, 1_000, HOUR_MS + 1_000, { kind: "slept", ms: HOUR_MS }],
    ["the machine, whose clock was set meanwhile", HOUR_MS + 1_000, 1_000, 9 * HOUR_MS, { kind: "slept", ms: HOUR_MS }],
    ["the process", 61_000, 61_000, 61_000, { kind: "stopped", ms: 60_000 }],
    ["the machine, and its clocks with it", 1_000, 1_000, HOUR_MS + 1_000, { kind: "stepped", ms: HOUR_MS }],
    ["nothing, and the clock was set back", 1_000, 1_000, 1_000 - HOUR_MS, { kind: "stepped", ms: -HOUR_MS }],
  ] as const)("%s", (_what, boot, monotonic, wall, expected) => {
    const gap = after(boot, monotonic, wall);
    if (expected === null) expect(gap).toBeNull();
    else expect(gap).toMatchObject(expected);
  });
});

it("tells of a sleep once, and remembers it for ten minutes", async () => {
  const clock = new VirtualClock();
  let sleptMs = 0;
  const gaps: Gap[] = [];
  const watch = new SleepWatch({ clock, bootMs: () => clock.monotonicMs() + sleptMs, onGap: (gap) => gaps.push(gap) });
  const stop = new AbortController();
  const run = watch.run(stop.signal);
  await clock.advance(60_000);
  expect(gaps).toEqual([]);
  sleptMs += HOUR_MS;
  await clock.advance(1_000);
  await clock.advance(60_000);
  expect(gaps).toMatchObject([{ kind: "slept", ms: HOUR_MS }]);
  expect(watch.last).toBe(gaps[0]);
  await clock.advance(600_000);
  expect(watch.last).toBeNull();
  stop.abort();
  await run;
});
