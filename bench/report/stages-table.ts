import type { StageCosts, WorkerCosts } from "@warren/common/api/types.ts";
import { grid } from "./text/grid.ts";

/** What the stages of one node's packet path cost while a work ran. */
export interface StageMeasurement {
  readonly work: string;
  /** The end of the work that the node is. */
  readonly node: "client" | "server";
  readonly costs: StageCosts;
}

const BAR_WIDTH = 30;

/** One table for each work, node and worker. */
export function stagesTables(measurements: readonly StageMeasurement[]): string[] {
  return measurements.flatMap(({ work, node, costs }) => [
    "",
    `${work}, ${node}: sent ${traffic(costs.egress, costs.seconds)}, received ${traffic(costs.ingress, costs.seconds)}`,
    ...costs.workers.flatMap((worker) => workerTable(worker, costs.seconds)),
  ]);
}

function workerTable({ directions, cpuNs, stages, accounted }: WorkerCosts, seconds: number): string[] {
  const name = `worker for ${directions.join(" and ")}, ${percent(cpuNs / (seconds * 1e9))} of a core`;
  if (accounted === null) return [`  ${name}: next to nothing to do`];
  return [
    `  ${name}`,
    ...grid([
      { head: "", left: true, cells: [...stages.map(({ direction }) => direction ?? ""), ""] },
      { head: "stage", left: true, cells: [...stages.map(({ stage }) => stage), "sum"] },
      {
        head: "ns/packet",
        cells: stages.map(({ nsPerPacket }) => (nsPerPacket === null ? "–" : nanoseconds(nsPerPacket))),
      },
      { head: "share", cells: [...stages.map(({ share }) => percent(share)), percent(accounted)] },
      { head: "", left: true, cells: [...stages.map(({ share }) => bar(share)), "of the CPU time of the thread"] },
    ]),
  ];
}

const traffic = ({ packets, bytes }: StageCosts["egress"], seconds: number) =>
  `${count(packets / seconds)} packets/s (${((bytes * 8) / seconds / 1e9).toFixed(2)} Gbit/s)`;
const bar = (share: number) => "█".repeat(Math.round(Math.min(1, share) * BAR_WIDTH)) || "▏";
const percent = (share: number) => `${(share * 100).toFixed(1)} %`;
const nanoseconds = (ns: number) => (ns < 10 ? ns.toFixed(1) : count(ns));
const count = (value: number) => String(Math.round(value)).replace(/\B(?=(\d{3})+$)/g, ",");
