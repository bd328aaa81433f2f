/** A scale from 0 to a round number at or above every value. */
export interface Axis {
  readonly end: number;
  /** From 0 to `end`, evenly. */
  readonly ticks: readonly number[];
}

/** Steps of 1, 2, 2.5 or 5 times a power of ten, at most five of them, so that the numbers beside them stay short. */
export function axisFor(values: readonly number[]): Axis {
  const largest = Math.max(0, ...values);
  if (largest === 0) return { end: 1, ticks: [0, 1] };
  const power = 10 ** Math.floor(Math.log10(largest / 5));
  const step = [1, 2, 2.5, 5, 10].map((factor) => factor * power).find((size) => size * 5 >= largest) ?? largest;
  const steps = Math.max(1, Math.ceil(largest / step));
  // Through text: 3 × 0.1 is to be drawn, and written, as 0.3.
  const ticks = Array.from({ length: steps + 1 }, (_, index) => Number((index * step).toPrecision(6)));
  return { end: ticks.at(-1)!, ticks };
}

/** Where a value is on the axis, in percent of its length. */
export function positionOn({ end }: Axis, value: number): string {
  return `${Math.min(100, (value / end) * 100).toFixed(2)}%`;
}
