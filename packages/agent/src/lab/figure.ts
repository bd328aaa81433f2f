import type { Figure, LabKey } from "./run.ts";
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

/** `aes-256-gcm openssl 1408 B`: the parts of a key in their order, for people. */
export function describeKey(key: LabKey): string {
  return Object.entries(key)
    .map(([name, value]) => (typeof value === "number" ? `${name} ${value}` : value))
    .join(", ");
}
