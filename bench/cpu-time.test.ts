import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { busySeconds, parseCpuTicks, readCpuTicks } from "./cpu-time.ts";

const recorded = (name: string) => parseCpuTicks(readFileSync(new URL(`./testdata/${name}`, import.meta.url), "utf8"));

describe("time of all cores", () => {
  it("is read from the sum over the cores, without what guests have counted twice", () => {
    expect(recorded("proc-stat-before.txt")).toEqual({ idle: 360414, stolen: 18798, total: 607623 });
  });

  it("counts neither idle nor stolen time as work", () => {
    expect(busySeconds(recorded("proc-stat-before.txt"), recorded("proc-stat-after.txt"))).toBeCloseTo(29.55, 2);
  });

  it("never runs backwards on this machine", () => {
    const before = readCpuTicks();
    const after = readCpuTicks();
    expect(after.total).toBeGreaterThanOrEqual(before.total);
    expect(busySeconds(before, after)).toBeGreaterThanOrEqual(0);
  });
});
