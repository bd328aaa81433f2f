import type { DirectionCosts, StageCosts } from "@warren/common/api/types.ts";

/** What the stages of one node's packet path cost while a work ran. */
export interface StageMeasurement {
  readonly work: string;
  /** The end of the work that the node is. */
  readonly node: "client" | "server";
  readonly costs: StageCosts;
}

const BAR_WIDTH = 30;

/** One table for each work, node and direction. */
export function renderStages(measurements: readonly StageMeasurement[]): string[] {
  return measurements.flatMap(({ work, node, costs }) =>
    (["egress", "ingress"] as const).flatMap((direction) => [
      "",
      `${work}, ${node}, ${direction}: ${summary(costs[direction], costs.seconds)}`,
      ...rows(costs[direction]),
    ]),
  );
}

function summary({ packets, bytes, cpuNs }: DirectionCosts, seconds: number): string {
  const rate = `${count(packets / seconds)} packets/s, ${((bytes * 8) / seconds / 1e9).toFixed(2)} Gbit/s`;
  return `${rate}, ${percent(cpuNs / (seconds * 1e9))} of a core`;
}

function rows({ packets, cpuNs, stages, accounted }: DirectionCosts): string[] {
  if (accounted === null) return ["  next to nothing happened"];
  const line = (name: string, nsPerPacket: number | null, share: number, more: string) =>
    `  ${name.padEnd(12)}${(nsPerPacket === null ? "-" : nanoseconds(nsPerPacket)).padStart(10)}${percent(share).padStart(9)}  ${more}`;
  return [
    `  ${"stage".padEnd(12)}${"ns/packet".padStart(10)}${"share".padStart(9)}`,
    ...stages.map(({ stage, nsPerPacket, share }) => line(stage, nsPerPacket, share, bar(share))),
    line("total", packets > 0 ? cpuNs / packets : null, 1, `accounted for by the stages: ${percent(accounted)}`),
  ];
}

const bar = (share: number) => "█".repeat(Math.round(Math.min(1, share) * BAR_WIDTH)) || "▏";
const percent = (share: number) => `${(share * 100).toFixed(1)} %`;
const nanoseconds = (ns: number) => (ns < 10 ? ns.toFixed(1) : count(ns));
const count = (value: number) => String(Math.round(value)).replace(/\B(?=(\d{3})+$)/g, ",");
