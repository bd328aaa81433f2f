import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { figureOf } from "./figure.ts";
import { readRun } from "./read-run.ts";
import type { LabRun } from "./run.ts";

const directory = mkdtempSync(join(tmpdir(), "warren-lab-"));
afterAll(() => rmSync(directory, { recursive: true }));

const RUN: LabRun = {
  ...{ format: "warren-lab/1", kind: "crypto", started: "2026-11-26T00:00:00.000Z" },
  machine: { cpu: "a", cores: 2, kernel: "6", node: "24", openssl: "3" },
  settings: { repeats: 3 },
  lines: [{ key: { size: 64 }, figures: [figureOf("throughput", "GB/s", "speed", [3, 1, 2])] }],
  failures: [],
  warnings: ["noisy"],
};

function fileWith(content: unknown): string {
  const file = join(directory, "run.json");
  writeFileSync(file, typeof content === "string" ? content : JSON.stringify(content));
  return file;
}

it("reads what was printed, and works medians out again", () => {
  const tampered = { ...RUN, lines: [{ ...RUN.lines[0]!, figures: [{ ...RUN.lines[0]!.figures[0]!, median: 99 }] }] };
  const { lines, settings } = readRun(fileWith(tampered), "crypto");
  expect([lines, settings]).toEqual([RUN.lines, RUN.settings]);
});

it.each([
  ["{", "JSON"],
  [{ ...RUN, format: "warren-bench/2" }, 'its format is "warren-bench/2", expected "warren-lab/1"'],
  [null, "its format is not given"],
  [{ ...RUN, kind: "mesh" }, "it is one of `warren bench mesh`"],
  [{ ...RUN, lines: [{ key: {}, figures: [{ samples: ["x"] }] }] }, "lines.0.figures.0"],
])("refuses %j and says why", (content, why) => {
  expect(() => readRun(fileWith(content), "crypto")).toThrow(why);
  expect(() => readRun(fileWith(content), "crypto")).toThrow("make one with `warren bench crypto … -o json`");
});

it("says so when there is no such file", () => {
  expect(() => readRun(join(directory, "none.json"), "crypto")).toThrow("ENOENT");
});
