import { keyText } from "@warren/agent/lab/figure.ts";
import type { LabLine, StageFigure } from "@warren/agent/lab/run.ts";
import { formatNumber } from "@warren/common/report/format.ts";
import { type Column, formatTable } from "./table.ts";

/**
 * One table for each cipher: a row for each stage, a column for each load. The road of the load only, unless `wide`: then
 * also the one back, of acknowledgements.
 */
export function stageTables(lines: readonly LabLine[], wide: boolean): string[] {
  const measured = lines.filter(({ stages }) => stages !== undefined && stages.length > 0);
  const ciphers = Map.groupBy(measured, ({ key }) => String(key["cipher"]));
  return [...ciphers].map(
    ([cipher, group]) =>
      `ns per packet by stage, cipher ${cipher}:\n${formatTable(columnsOf(group), rowsOf(group, wide), false)}`,
  );
}

type Row = Pick<StageFigure, "side" | "direction" | "stage">;

function columnsOf(lines: readonly LabLine[]): Column<Row>[] {
  return [
    { header: "NODE", cell: ({ side }) => side },
    { header: "DIRECTION", cell: ({ direction }) => direction ?? "" },
    { header: "STAGE", cell: ({ stage }) => stage },
    ...lines.map((line) => ({
      header: loadName(line).toUpperCase(),
      cell: (row: Row) => {
        const figure = line.stages?.find((each) => sameStage(each, row));
        return figure ? formatNumber(figure.median) : "";
      },
    })),
  ];
}

/** `tcp-1450×8`, `udp-64`: without spaces, so that awk can read the table. */
function loadName({ key }: LabLine): string {
  const { cipher: _, load, ...rest } = key;
  return `${load}-${Object.values(rest).join("×")}`;
}

/** Stages in the order of the packet's road, each once, the sender's first. */
function rowsOf(lines: readonly LabLine[], wide: boolean): Row[] {
  const rows = new Map<string, Row>();
  for (const { stages = [] } of lines)
    for (const { side, direction, stage } of stages)
      if (wide || direction === null || direction === ROAD[side])
        rows.set(keyText({ side, direction: direction ?? "", stage }), { side, direction, stage });
  return [...rows.values()].sort((a, b) => b.side.localeCompare(a.side));
}

/** Which way the load goes at each end. */
const ROAD = { sender: "egress", receiver: "ingress" } as const;

function sameStage(a: Row, b: Row): boolean {
  return a.side === b.side && a.direction === b.direction && a.stage === b.stage;
}
