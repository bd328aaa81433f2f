import { describe, expect, it } from "vitest";
import { GOALS, type Goal } from "../goals.ts";
import type { Figure } from "../works/work.ts";
import { judgeGoals } from "./judge.ts";
import { summarise } from "./summary.ts";

const figures: readonly Figure[] = [
  { name: "tcp-1", about: "", unit: "Gbit/s", better: "higher" },
  { name: "latency-p50", about: "", unit: "µs", better: "lower" },
];

const atLeast: Goal = { figure: "tcp-1", system: "warren", against: "vxlan", sign: "≥", floor: 0.6, goal: 0.9 };
const atMost: Goal = { figure: "latency-p50", system: "warren", against: null, sign: "≤", floor: 30, goal: 20 };

/** What comes of a goal when `warren` has these values, one a round, and `vxlan` has 10 in each. */
function judged(goal: Goal, values: number[]) {
  const samples = values.flatMap((value, round) => [
    { system: "warren", figure: goal.figure, round, value },
    { system: "vxlan", figure: goal.figure, round, value: 10 },
  ]);
  const results = summarise({ figures, systems: ["warren", "vxlan"], references: [], samples });
  return judgeGoals({ name: "path", samples }, results, [goal])[0]!;
}

describe("judging goals", () => {
  it("judges a ratio by its median, in rounds that have both, whether or not tables show that ratio", () => {
    expect(judged(atLeast, [5, 9, 10])).toEqual({
      ...atLeast,
      measured: { median: 0.9, min: 0.5, max: 1 },
      unit: "×",
      verdict: "goal reached",
    });
    expect(judged(atLeast, [6]).verdict).toBe("floor reached");
    expect(judged(atLeast, [5.9]).verdict).toBe("below the floor");
  });

  it("judges a value in the unit of its figure, and less is better where the sign says so", () => {
    expect(judged(atMost, [20])).toMatchObject({ unit: "µs", verdict: "goal reached" });
    expect(judged(atMost, [29, 30, 31]).verdict).toBe("floor reached");
    expect(judged(atMost, [31]).verdict).toBe("below the floor");
  });

  it("judges nothing that was not measured, and keeps the row", () => {
    expect(judged({ ...atLeast, system: "absent" }, [1])).toMatchObject({ measured: null, verdict: "not measured" });
    expect(judged({ ...atLeast, against: "absent" }, [1])).toMatchObject({ measured: null, verdict: "not measured" });
    expect(judged({ ...atMost, figure: "unknown" }, [])).toMatchObject({ measured: null, verdict: "not measured" });
  });

  it("takes the goals of the suite's own name", () => {
    expect(judgeGoals({ name: "rest", samples: [] }, []).map(({ figure }) => figure)).toEqual(["rest-rss", "rest-cpu"]);
    expect(judgeGoals({ name: "another", samples: [] }, [])).toEqual([]);
  });
});

describe("table of goals", () => {
  const all = Object.values(GOALS).flat();

  it("asks in no row for less than its floor", () => {
    const weaker = all.filter(({ sign, floor, goal }) => (sign === "≥" ? goal < floor : goal > floor));
    expect(weaker).toEqual([]);
  });

  it("judges each pair of systems once in a figure", () => {
    const keys = all.map(({ figure, system, against }) => `${figure} ${system} ${against}`);
    expect(new Set(keys).size).toBe(keys.length);
  });
});
