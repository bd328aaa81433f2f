import type { StageCost, StageCosts, WorkerCosts } from "@warren/common/api/types.ts";
import { call } from "../client/local-api.ts";
import { type CommandContext, integerFlag, print } from "../context.ts";
import { formatBytes, formatCount } from "../output/human.ts";
import { type Column, formatTable } from "../output/table.ts";

const DEFAULT_SECONDS = 5;
/** What the answer may take beyond the time that is measured. */
const PATIENCE_MS = 10_000;
const BAR_WIDTH = 20;

export async function run(context: CommandContext): Promise<void> {
  const seconds = integerFlag(context, "seconds", 1, 60) ?? DEFAULT_SECONDS;
  context.note(`measuring for ${seconds} s …`);
  const timeoutMs = seconds * 1000 + PATIENCE_MS;
  const costs = await call<StageCosts>(context, "agent", "POST", "/v1/stages", { seconds }, timeoutMs);
  if (costs.workers.length === 0) context.note("no worker forwards here: packets take the kernel's own road");
  else if (costs.egress.packets + costs.ingress.packets === 0)
    context.note("no packet was forwarded meanwhile; run this while traffic flows between pods of different nodes");
  await print(context, costs, (wide) =>
    [traffic(costs), ...costs.workers.map((worker) => section(worker, costs.seconds, wide))].join("\n"),
  );
}

const COLUMNS: readonly Column<StageCost>[] = [
  { header: "DIRECTION", cell: ({ direction }) => direction ?? "" },
  { header: "STAGE", cell: ({ stage }) => stage },
  { header: "NS/PACKET", cell: ({ nsPerPacket }) => (nsPerPacket === null ? "" : formatNs(nsPerPacket)) },
  { header: "SHARE", cell: ({ share }) => formatPercent(share) },
  { header: "OF-CPU-TIME", cell: ({ share }) => bar(share) },
  { header: "NS/VISIT", cell: ({ nsPerVisit }) => formatNs(nsPerVisit), wide: true },
  { header: "VISITS", cell: ({ visits }) => formatCount(visits), wide: true },
  { header: "ABOUT", cell: ({ about }) => about, wide: true },
];

function traffic({ seconds, egress, ingress }: StageCosts): string {
  const line = (name: string, { packets, bytes }: StageCosts["egress"]) =>
    `${name} ${formatCount(packets)} packets, ${formatBytes(bytes / seconds)}/s\n`;
  return line("egress, pod to underlay:", egress) + line("ingress, underlay to pod:", ingress);
}

function section(worker: WorkerCosts, seconds: number, wide: boolean): string {
  const { directions, cpuNs, ownNs, rounds, timedRounds, stages, accounted } = worker;
  const lines = [`worker for ${directions.join(" and ")}: ${formatPercent(cpuNs / (seconds * 1e9))} of a core`];
  if (stages.length > 0) lines.push(formatTable(COLUMNS, stages, wide).trimEnd());
  if (accounted !== null)
    lines.push(`the stages account for ${formatPercent(accounted)} of the CPU time of the thread`);
  if (wide)
    lines.push(
      `${formatCount(timedRounds)} of ${formatCount(rounds)} rounds timed, which took ${(ownNs / 1e6).toFixed(1)} ms`,
    );
  return `${lines.join("\n")}\n`;
}

function bar(share: number): string {
  return "█".repeat(Math.round(Math.min(1, share) * BAR_WIDTH)) || "▏";
}

function formatNs(ns: number): string {
  return ns < 10 ? ns.toFixed(1) : formatCount(Math.round(ns));
}

function formatPercent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}
