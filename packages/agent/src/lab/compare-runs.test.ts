import { describe, expect, it } from "vitest";
import { compareRuns } from "./compare-runs.ts";
import { figureOf } from "./figure.ts";
import type { LabLine, LabRun } from "./run.ts";

const machine = { cpu: "a", cores: 2, kernel: "6", node: "24", openssl: "3" };
const run = (lines: readonly LabLine[], more: Partial<LabRun> = {}): LabRun => ({
  ...{ format: "warren-lab/1", kind: "crypto", started: "2026-11-26T00:00:00.000Z", machine },
  ...{ settings: { seconds: 1 }, lines, failures: [], warnings: [], ...more },
});
/** Ten values around one, two per cent apart at most. */
const around = (value: number, phase = 0) =>
  Array.from({ length: 10 }, (_, index) => value * (1 + 0.01 * Math.sin(index * 7 + phase)));
const line = (size: number, samples: readonly number[], kind: "speed" | "cost" | "shown" = "speed"): LabLine => ({
  key: { cipher: "aes-256-gcm", size },
  figures: [figureOf("throughput", "GB/s", kind, samples)],
});

describe("comparison of two runs", () => {
  it("calls faster and slower what is, and nothing else", () => {
    const sizes = Array.from({ length: 40 }, (_, index) => index + 1);
    const earlier = run(sizes.map((size) => line(size, around(5, size))));
    const change: Record<number, number> = { 3: 1.1, 9: 0.9, 20: 1.001 };
    const later = run(sizes.map((size) => line(size, around(5 * (change[size] ?? 1), size + 100))));
    const { changes, overall, notes } = compareRuns(later, earlier, "old.json");
    const called = changes.filter(({ verdict }) => verdict !== "no real difference");
    expect(called.map(({ key, verdict }) => [key["size"], verdict])).toEqual([
      [3, "faster"],
      [9, "slower"],
    ]);
    expect(called[0]!.low).toBeGreaterThan(1.05);
    expect(changes).toHaveLength(40);
    expect(overall).toBeCloseTo(1, 2);
    expect(notes).toEqual([]);
  });

  it("takes less of a cost for better, and does not judge what is only shown or was zero", () => {
    const verdicts = (kind: "cost" | "shown", then: number, now: number) =>
      compareRuns(run([line(1, around(now), kind)]), run([line(1, around(then), kind)]), "f").changes.map(
        ({ verdict }) => verdict,
      );
    expect(verdicts("cost", 1, 0.5)).toEqual(["better"]);
    expect(verdicts("cost", 1, 2)).toEqual(["worse"]);
    expect(verdicts("shown", 1, 2)).toEqual([]);
    expect(verdicts("cost", 0, 2)).toEqual([]);
  });

  it("says which lines stand alone, what else was different, and when the repeats cannot tell", () => {
    const few = (value: number) => around(value).slice(0, 4);
    const earlier = run([line(1, few(1)), line(2, few(1)), line(3, few(1))], {
      machine: { ...machine, cpu: "b" },
      settings: { seconds: 2 },
    });
    const { notes, changes } = compareRuns(run([line(4, few(1)), line(2, few(9)), line(3, few(9))]), earlier, "f");
    expect(changes.map(({ verdict }) => verdict)).toEqual(["no real difference", "no real difference"]);
    expect(notes).toEqual([
      "only in this run: aes-256-gcm, size 4",
      "only in the earlier run: aes-256-gcm, size 1",
      "cpu then: b, now: a",
      "seconds then: 2, now: 1",
      "too few repeats to tell a difference among 2 figures from chance: take 5 in both runs, or fewer lines",
    ]);
  });

  it("finds the same line whatever the order of its parts", () => {
    const figures = [figureOf("throughput", "GB/s", "speed", around(1))];
    const [a, b] = [
      { size: 1, cipher: "x" },
      { cipher: "x", size: 1 },
    ];
    expect(compareRuns(run([{ key: a, figures }]), run([{ key: b, figures }]), "f").changes).toHaveLength(1);
  });
});
