import { expect, test } from "vitest";
import { formatDuration } from "./duration.ts";

test("durations have the one or two units that matter", () => {
  const cases: [number, string][] = [
    [-5, "0s"],
    [0, "0s"],
    [250, "250ms"],
    [119_000, "119s"],
    [120_000, "2m"],
    [3_600_000, "1h"],
    [12_000_000, "3h20m"],
    [86_400_000, "24h"],
    [86_400_000 * 9, "9d"],
  ];
  for (const [ms, text] of cases) expect(formatDuration(ms)).toBe(text);
});
