import { beforeEach, describe, expect, it } from "vitest";
import type { DataPlaneOptions } from "../dataplane-host/data-plane.ts";
import { FakeDataPlane } from "../testing/fake-data-plane.ts";
import { VirtualClock } from "../testing/virtual-clock.ts";
import { StageWatch } from "./stage-watch.ts";

let plane: FakeDataPlane;
let clock: VirtualClock;
let watch: StageWatch;
const never = new AbortController().signal;

beforeEach(() => {
  plane = new FakeDataPlane({} as DataPlaneOptions);
  clock = new VirtualClock();
  watch = new StageWatch(plane, clock);
});

describe("watching the stages", () => {
  it("has them timed for as long as was asked, and no longer", async () => {
    const measured = watch.measure(5, never);
    await clock.advance(4_900);
    expect(plane.timing).toBe(true);
    await clock.advance(200);
    expect(plane.timing).toBe(false);
    expect((await measured).seconds).toBe(5);
  });

  it("refuses a second caller, and takes the next when the first is done", async () => {
    const first = watch.measure(5, never);
    await expect(watch.measure(1, never)).rejects.toMatchObject({ code: "busy" });
    expect(plane.timing).toBe(true);
    await clock.advance(5_000);
    await first;
    const next = watch.measure(1, never);
    await clock.advance(1_000);
    expect((await next).seconds).toBe(1);
  });

  it("ends when the caller goes away", async () => {
    const caller = new AbortController();
    const measured = watch.measure(60, caller.signal);
    await clock.advance(1_000);
    caller.abort();
    expect((await measured).seconds).toBe(1);
    expect(plane.timing).toBe(false);
  });

  it("ends when the packet path fails to answer, and can be asked again", async () => {
    plane.stats = () => {
      throw new Error("no counters");
    };
    await expect(watch.measure(1, never)).rejects.toThrow("no counters");
    expect(plane.timing).toBe(false);
    await expect(watch.measure(1, never)).rejects.toThrow("no counters");
  });

  it("says that the kernel's device has none", async () => {
    const stats = plane.stats();
    plane.stats = () => ({ ...stats, kind: "kernel", workers: [] });
    await expect(watch.measure(1, never)).rejects.toMatchObject({
      code: "not-found",
      message: expect.stringContaining("warren dataplane set tun"),
    });
    expect(plane.timing).toBe(false);
  });
});
