import type { Figure, LabKey, LabRun } from "./run.ts";
import { medianInterval } from "./statistics/median-interval.ts";

/** A figure from its samples. */
export function figureOf(name: string, unit: string, kind: Figure["kind"], samples: readonly number[]): Figure {
  return { name, unit, kind, ...medianInterval(samples), samples };
}

/** Equal for equal places in a matrix, whatever the order of their parts. */
export function keyText(key: LabKey): string {
  return Object.entries(key)
    .map(([name, value]) => `${name}=${value}`)
    .sort()
    .join(" ");
}

/** What the intervals of a run are: in every one of its lines at least this. */
export function describeIntervals({ lines }: Pick<LabRun, "lines">): string {
  const confidences = lines.flatMap(({ figures }) => figures.map(({ confidence }) => confidence));
  const least = Math.min(1, ...confidences);
  if (least >= 0.95) return "medians, and where the true median lies with 95 % confidence";
  return `medians, and how far the samples reach: too few for an interval of 95 %, which takes six repeats (this is one of ${Math.floor(least * 100)} %)`;
}

/** `aes-256-gcm openssl 1408 B`: the parts of a key in their order, for people. */
export function describeKey(key: LabKey): string {
  return Object.entries(key)
    .map(([name, value]) => (typeof value === "number" ? `${name} ${value}` : value))
    .join(", ");
}
