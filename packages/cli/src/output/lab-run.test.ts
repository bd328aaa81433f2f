import { compareRuns } from "@warren/agent/lab/compare-runs.ts";
import { figureOf } from "@warren/agent/lab/figure.ts";
import type { LabLine, LabRun, StageFigure } from "@warren/agent/lab/run.ts";
import { expect, test } from "vitest";
import { formatRun } from "./lab-run.ts";

const around = (value: number) => Array.from({ length: 10 }, (_, index) => value * (1 + index / 1000));
const stage = (side: StageFigure["side"], direction: StageFigure["direction"], name: string): StageFigure => ({
  ...{ side, direction, stage: name, median: 120, low: 110, high: 130, confidence: 0.97, samples: [120], share: 0.4 },
});

const runOf = (throughput: number): LabRun => ({
  ...{ format: "warren-lab/1", kind: "mesh", started: "2026-11-26T00:00:00.000Z" },
  machine: { cpu: "Some CPU", cores: 2, kernel: "6.1", node: "24", openssl: "3.5" },
  settings: { repeats: 10, seconds: 2 },
  lines: [
    {
      key: { cipher: "none", load: "tcp", mtu: 1450, streams: 1 },
      figures: [figureOf("throughput", "Gbit/s", "speed", around(throughput))],
      stages: [
        stage("receiver", "ingress", "open"),
        stage("sender", "egress", "seal"),
        stage("sender", "ingress", "open"),
      ],
    },
  ] satisfies LabLine[],
  failures: [7, 8].map((size) => ({ key: { cipher: "none", size }, reason: "too large" })),
  warnings: ["others work here"],
});
const columns = (text: string, start: string) =>
  text
    .split("\n")
    .filter((line) => line.startsWith(start))
    .map((line) => line.split(/ {3,}/));

test("a run is a table of lines, one of stages, and what could not be measured once for each reason", () => {
  const text = formatRun(runOf(9), false, false);
  expect(text).toContain(
    "Some CPU, 2 cores, Linux 6.1, Node 24, OpenSSL 3.5\nrepeats 10, seconds 2; medians, and where the true median lies with 95 %",
  );
  expect(text).toContain("warning: others work here\n");
  expect(columns(text, "CIPHER")).toEqual([["CIPHER", "LOAD", "MTU", "STREAMS", "THROUGHPUT-GBIT/S", "INTERVAL"]]);
  expect(columns(text, "none")).toEqual([["none", "tcp", "1450", "1", "9.04", "9.01–9.07"]]);
  expect(columns(text, "NODE")).toEqual([["NODE", "DIRECTION", "STAGE", "TCP-1450×1"]]);
  expect(columns(text, "sender")).toEqual([["sender", "egress", "seal", "120"]]);
  expect(text.indexOf("sender")).toBeLessThan(text.indexOf("receiver"));
  expect(text).toContain("not measured: none, size 7 and 1 more: too large\n");
  expect(columns(formatRun(runOf(9), true, false), "sender")).toHaveLength(2);
});

test("a comparison stands beside the figures, with a count of verdicts and what all lines share", () => {
  const run = runOf(9);
  const comparison = compareRuns(run, runOf(6), "old.json");
  const text = formatRun({ ...run, comparison }, false, false);
  expect(columns(text, "none")[0]!.slice(-2)).toEqual(["1.500", "faster"]);
  expect(text).toContain("against old.json of 2026-11-26T00:00:00.000Z: 1 faster\nall speeds together: × 1.500\n");
  expect(formatRun({ ...run, comparison }, false, true)).toContain("\u001b[32mfaster");
});
