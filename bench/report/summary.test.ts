import { describe, expect, it } from "vitest";
import type { Figure } from "../works/work.ts";
import { summarise } from "./summary.ts";

const throughput: Figure = { name: "tcp-1", about: "", unit: "Gbit/s", better: "higher", goal: { ratio: 0.55 } };
const memory: Figure = { name: "rss", about: "", unit: "MB", better: "lower", goal: { value: 120 } };

const samplesOf = (figure: string, values: Record<string, number[]>) =>
  Object.entries(values).flatMap(([system, list]) => list.map((value, round) => ({ system, figure, round, value })));

describe("summary", () => {
  it("gives each system its spread and its ratio to the reference, round by round", () => {
    const samples = samplesOf("tcp-1", { vxlan: [10, 20, 10], warren: [6, 12, 5] });
    const options = { systems: ["vxlan", "warren"], reference: "vxlan", subject: "warren" };
    const [row] = summarise({ figures: [throughput], samples, ...options });
    expect(row!.cells).toEqual([
      { system: "vxlan", value: { median: 10, min: 10, max: 20 }, ratio: null, goal: null },
      {
        system: "warren",
        value: { median: 6, min: 5, max: 12 },
        ratio: { median: 0.6, min: 0.5, max: 0.6 },
        goal: { text: "≥ 0.55 ×", reached: true },
      },
    ]);
  });

  it("judges a goal by the median, in the direction that is better", () => {
    const judged = (values: number[]) => {
      const samples = samplesOf("rss", { agent: values });
      const options = { systems: ["agent"], reference: null, subject: "agent" };
      return summarise({ figures: [memory], samples, ...options })[0]!.cells[0]!.goal;
    };
    expect(judged([100, 110, 130])).toEqual({ text: "≤ 120 MB", reached: true });
    expect(judged([121])).toEqual({ text: "≤ 120 MB", reached: false });
  });

  it("has no ratio and no verdict on a ratio without the reference", () => {
    const samples = samplesOf("tcp-1", { warren: [6] });
    const options = { systems: ["warren"], reference: null, subject: "warren" };
    expect(summarise({ figures: [throughput], samples, ...options })[0]!.cells[0]).toMatchObject({
      ratio: null,
      goal: null,
    });
  });

  it("leaves a system out of a figure that it has no value of", () => {
    const options = { systems: ["vxlan", "warren"], reference: "vxlan", subject: "warren" };
    const [row] = summarise({ figures: [throughput], samples: samplesOf("tcp-1", { vxlan: [1] }), ...options });
    expect(row!.cells.map(({ system }) => system)).toEqual(["vxlan"]);
  });
});
