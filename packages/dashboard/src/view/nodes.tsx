import { axisFor } from "@warren/common/report/axis.ts";
import type { ComponentChild } from "preact";
import { useState } from "preact/hooks";
import { type Histories, peakOf } from "../model/history.ts";
import { type NodeRow, type SortKey, sortRows } from "../model/node-row.ts";
import { formatCount, formatRate, formatReportAge, NOTHING } from "../model/text.ts";
import { Chart } from "./chart.tsx";
import { SortHeader } from "./sort-header.tsx";

/** So many rows are drawn at first. */
const MOST = 50;

/** A mesh with less traffic is as good as idle, and is to look it: probes alone are a few kbit/s. */
const IDLE = 1e6;

interface NodesProps {
  /** The box above the table; null where there is nothing to look for. */
  readonly filter: ComponentChild;
  readonly rows: readonly NodeRow[];
  readonly histories: Histories;
  /** When the picture came. */
  readonly nowMs: number;
}

/** The table of nodes. */
export function Nodes({ filter, rows, histories, nowMs }: NodesProps) {
  const [sort, setSort] = useState<SortKey>("name");
  const [showsAll, setShowsAll] = useState(false);
  const shown = sortRows(rows, sort).slice(0, showsAll ? undefined : MOST);
  const { end } = axisFor([IDLE, peakOf(histories)]);
  const scale = `2 minutes, up to ${formatRate(end)}`;
  const by = (key: SortKey, label: string, isNumber = false) => (
    <SortHeader label={label} column={key} isNumber={isNumber} isSorted={sort === key} onSort={() => setSort(key)} />
  );
  return (
    <section aria-labelledby="nodes-title">
      <div class="head">
        <h2 id="nodes-title">Nodes</h2>
        {filter}
      </div>
      <table class="nodes">
        <thead>
          <tr>
            {by("name", "Node")}
            {by("state", "State")}
            <th scope="col">Underlay</th>
            <th scope="col">Pod CIDRs</th>
            <th scope="col">Data path</th>
            {by("drops", "Drops", true)}
            {by("sent", "Sent", true)}
            {by("received", "Received", true)}
            <th scope="col" class="history">
              {scale}
            </th>
            <th scope="col" class="number">
              Report
            </th>
          </tr>
        </thead>
        <tbody>
          {shown.map((row) => (
            <Node key={row.node.id} row={row} histories={histories} nowMs={nowMs} end={end} scale={scale} />
          ))}
        </tbody>
      </table>
      {shown.length < rows.length && (
        <button type="button" class="more" onClick={() => setShowsAll(true)}>
          Show all {formatCount(rows.length)} nodes
        </button>
      )}
    </section>
  );
}

interface NodeProps {
  readonly row: NodeRow;
  readonly histories: Histories;
  readonly nowMs: number;
  readonly end: number;
  readonly scale: string;
}

function Node({ row, histories, nowMs, end, scale }: NodeProps) {
  const { node, report } = row;
  const rate = (value: number | null | undefined) => (row.isCurrent ? formatRate(value ?? null) : NOTHING);
  return (
    <tr class={row.state === "ready" && !row.isCurrent ? "waiting" : row.state}>
      <th scope="row">
        {node.name}
        {report && <small>{report.version}</small>}
      </th>
      <td data-label="State">
        <span class={`mark ${MARKS[row.state]}`}>{row.stateText}</span>
        {row.note && <small>{row.note}</small>}
      </td>
      <td data-label="Underlay" class="address">
        {node.underlayAddress}
      </td>
      <td data-label="Pod CIDRs" class="address">
        {node.podCidrs.map((cidr) => (
          <div key={cidr}>{cidr}</div>
        ))}
      </td>
      <td data-label="Data path">
        {report?.dataplane ?? NOTHING}
        {report && <small>MTU {report.overlayMtu}</small>}
      </td>
      <td data-label="Drops" class="number">
        {report ? formatCount(report.drops) : NOTHING}
      </td>
      <td data-label="Sent" class="number sent">
        {rate(report?.txBitsPerSecond)}
      </td>
      <td data-label="Received" class="number received">
        {rate(report?.rxBitsPerSecond)}
      </td>
      <td data-label={scale} class="history">
        {row.state !== "foreign" && <Chart samples={histories.get(node.id) ?? []} nowMs={nowMs} end={end} />}
      </td>
      <td data-label="Report" class="number">
        {formatReportAge(row.ageMs)}
      </td>
    </tr>
  );
}

const MARKS = { ready: "good", down: "bad", foreign: "quiet" } as const;
