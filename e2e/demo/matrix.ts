import type { DemoResult } from "./result.ts";

/** More columns do not fit a terminal. */
const MOST_COLUMNS = 12;

/** Table of average round-trip times in ms, from the row to the column; `lost` where not all pings came back. */
export function renderMatrix(pings: DemoResult["pings"]): string[] {
  const labels = [...new Set(pings.flatMap(({ from, to }) => [from, to]))];
  if (labels.length > MOST_COLUMNS) return [];
  const cells = new Map(pings.map((ping) => [`${ping.from} ${ping.to}`, cell(ping)]));
  const head = Math.max(...labels.map((label) => label.length));
  const width = Math.max(6, head);
  const row = (label: string, columns: readonly string[]) =>
    `  ${label.padEnd(head)}  ${columns.map((column) => column.padStart(width)).join("  ")}`;
  return [
    row("ms", labels),
    ...labels.map((from) =>
      row(
        from,
        labels.map((to) => (from === to ? "·" : (cells.get(`${from} ${to}`) ?? ""))),
      ),
    ),
  ];
}

function cell({ sent, received, rttMs }: DemoResult["pings"][number]): string {
  return rttMs && received === sent ? rttMs.avg.toFixed(2) : "lost";
}

/** Smallest, middle and largest average round trip, such as `0.05 / 0.21 / 0.40 ms`. */
export function summariseRtt(pings: DemoResult["pings"]): string {
  const averages = pings.flatMap(({ rttMs }) => rttMs?.avg ?? []).sort((a, b) => a - b);
  if (averages.length === 0) return "no answers";
  const at = (share: number) =>
    averages[Math.min(averages.length - 1, Math.floor(share * averages.length))]!.toFixed(2);
  return `${at(0)} / ${at(0.5)} / ${at(1)} ms`;
}
