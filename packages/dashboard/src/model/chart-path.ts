import { HISTORY_MS, type Sample } from "./history.ts";

export interface ChartSize {
  readonly width: number;
  readonly height: number;
}

/** Samples further apart than this are not joined: nobody looked in between. */
const GAP_MS = 5000;

/**
 * A line through the samples of one direction as SVG path data: now at the right edge, two minutes ago at the left, `end`
 * at the top. Where nothing was known the line is broken.
 */
export function linePath(
  samples: readonly Sample[],
  direction: "tx" | "rx",
  nowMs: number,
  end: number,
  size: ChartSize,
) {
  return runsOf(samples)
    .map((run) => `M${run.map((sample) => point(sample, direction, nowMs, end, size)).join("L")}`)
    .join("");
}

/** What is below the line of what was sent. */
export function areaPath(samples: readonly Sample[], nowMs: number, end: number, size: ChartSize) {
  return runsOf(samples)
    .map((run) => {
      const top = run.map((sample) => point(sample, "tx", nowMs, end, size)).join("L");
      const [first, last] = [run[0]!, run.at(-1)!].map((sample) => left(sample, nowMs, size).toFixed(1));
      return `M${first} ${size.height}L${top}L${last} ${size.height}Z`;
    })
    .join("");
}

function runsOf(samples: readonly Sample[]): Sample[][] {
  const runs: Sample[][] = [];
  let before = Number.NEGATIVE_INFINITY;
  for (const sample of samples) {
    if (sample.atMs - before > GAP_MS) runs.push([]);
    runs.at(-1)!.push(sample);
    before = sample.atMs;
  }
  return runs;
}

function point(sample: Sample, direction: "tx" | "rx", nowMs: number, end: number, size: ChartSize): string {
  const share = Math.min(1, sample[direction] / end);
  return `${left(sample, nowMs, size).toFixed(1)} ${(size.height * (1 - share)).toFixed(1)}`;
}

function left(sample: Sample, nowMs: number, size: ChartSize): number {
  return size.width * Math.max(0, 1 - (nowMs - sample.atMs) / HISTORY_MS);
}
