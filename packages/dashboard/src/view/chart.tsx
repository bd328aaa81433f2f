import { areaPath, type ChartSize, linePath } from "../model/chart-path.ts";
import type { Sample } from "../model/history.ts";
import { formatRate } from "../model/text.ts";

const SIZE: ChartSize = { width: 160, height: 32 };

interface ChartProps {
  readonly samples: readonly Sample[];
  readonly nowMs: number;
  /** The rate at the top edge: the same for all nodes, so that they can be compared. */
  readonly end: number;
}

/** The last two minutes of a node: what it sent as an area, what it received as a line. */
export function Chart({ samples, nowMs, end }: ChartProps) {
  const peak = (direction: "tx" | "rx") =>
    formatRate(samples.reduce((most, sample) => Math.max(most, sample[direction]), 0));
  return (
    <svg
      class="chart"
      role="img"
      aria-label={`Last two minutes: sent up to ${peak("tx")}, received up to ${peak("rx")}`}
      viewBox={`0 -1 ${SIZE.width} ${SIZE.height + 2}`}
      preserveAspectRatio="none"
    >
      <path class="fill" d={areaPath(samples, nowMs, end, SIZE)} />
      <path class="sent" d={linePath(samples, "tx", nowMs, end, SIZE)} />
      <path class="received" d={linePath(samples, "rx", nowMs, end, SIZE)} />
      <path class="base" d={`M0 ${SIZE.height}H${SIZE.width}`} />
    </svg>
  );
}
