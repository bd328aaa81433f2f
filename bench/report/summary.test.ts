import { describe, expect, it } from "vitest";
import type { Sample } from "../compare.ts";
import type { Figure } from "../works/work.ts";
import { measuredReferences, summarise } from "./summary.ts";

const throughput: Figure = { name: "tcp-1", about: "", unit: "Gbit/s", better: "higher" };

const samplesOf = (values: Record<string, number[]>): Sample[] =>
  Object.entries(values).flatMap(([system, list]) =>
    list.map((value, round) => ({ system, figure: "tcp-1", round, value })),
  );

const summary = (values: Record<string, number[]>, references: string[]) =>
  summarise({ figures: [throughput], systems: ["vxlan", "warren", "peer"], references, samples: samplesOf(values) });

describe("summary", () => {
  it("gives each system its spread and its ratios to every reference, round by round", () => {
    const [figure] = summary({ vxlan: [10, 20, 10], warren: [6, 12, 5], peer: [3, 3, 4] }, ["vxlan", "peer"]);
    expect(figure).toMatchObject(throughput);
    expect(figure!.cells).toEqual([
      { system: "vxlan", value: { median: 10, min: 10, max: 20 }, ratios: { peer: expect.anything() } },
      {
        system: "warren",
        value: { median: 6, min: 5, max: 12 },
        ratios: { vxlan: { median: 0.6, min: 0.5, max: 0.6 }, peer: { median: 2, min: 1.25, max: 4 } },
      },
      { system: "peer", value: { median: 3, min: 3, max: 4 }, ratios: { vxlan: { median: 0.3, min: 0.15, max: 0.4 } } },
    ]);
  });

  it("leaves a system out of a figure that it has no value of, and the ratios to it", () => {
    const figures = summary({ vxlan: [1], warren: [2] }, ["vxlan", "peer"]);
    expect(figures[0]!.cells.map(({ system, ratios }) => [system, Object.keys(ratios)])).toEqual([
      ["vxlan", []],
      ["warren", ["vxlan"]],
    ]);
    expect(measuredReferences({ references: ["vxlan", "peer"], figures })).toEqual(["vxlan"]);
  });
});
