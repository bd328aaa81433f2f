import type { MeshNode, MeshView, NodeReport } from "@warren/common/api/mesh-view.ts";
import { formatDuration } from "@warren/common/report/duration.ts";
import { type Histories, staleMs } from "./history.ts";
import { compareNames, countOf } from "./text.ts";

/** A foreign peer has no agent: nobody knows whether it is up. */
export type RowState = "ready" | "down" | "foreign";

/** One node as its row of the table shows it. */
export interface NodeRow {
  readonly node: MeshNode;
  readonly state: RowState;
  readonly stateText: string;
  /** How long ago the control plane last heard of a node that is down; null where it is not, or not known. */
  readonly downMs: number | null;
  /** What is to be said beside the state; empty when all is well. */
  readonly note: string;
  readonly report: NodeReport | null;
  /** Age of the report now; null without one. */
  readonly ageMs: number | null;
  /** Whether the rates of the report are those of now. */
  readonly isCurrent: boolean;
  /** Current, and reporting for a while: one that has just begun has asked no peer yet, so silence says nothing. */
  readonly isSettled: boolean;
}

const SETTLED_SAMPLES = 4;

const FOREIGN_NAMES = { node: "foreign peer", vxlan: "VXLAN peer", wireguard: "WireGuard peer" } as const;

/** Rows of all nodes. `elapsedMs` is the time since the picture came. */
export function nodeRows(mesh: MeshView, elapsedMs: number, histories: Histories): NodeRow[] {
  const nowMs = Date.parse(mesh.now) + elapsedMs;
  const limitMs = staleMs(mesh.nodes.length);
  return mesh.nodes.map((node) => {
    const state = node.foreign ? "foreign" : node.state;
    const ageMs = node.report === null ? null : node.report.ageMs + elapsedMs;
    const isCurrent = state === "ready" && ageMs !== null && ageMs <= limitMs;
    const isSettled = isCurrent && (histories.get(node.id)?.length ?? 0) >= SETTLED_SAMPLES;
    const { report } = node;
    // By the control plane's clock on both sides: the browser's may be wrong.
    const downMs = state === "down" && node.lastSeen !== null ? nowMs - Date.parse(node.lastSeen) : null;
    const texts = { stateText: stateText(node, downMs), note: noteOf(mesh, state, report) };
    return { node, state, ...texts, downMs, report, ageMs, isCurrent, isSettled };
  });
}

function stateText(node: MeshNode, downMs: number | null): string {
  if (node.foreign) return FOREIGN_NAMES[node.kind];
  return downMs === null ? node.state : `down ${formatDuration(downMs)}`;
}

function noteOf(mesh: MeshView, state: RowState, report: NodeReport | null): string {
  if (state === "foreign") return "";
  if (report === null) return state === "ready" ? "no report yet" : "";
  const notes: string[] = [];
  if (report.warnings.length > 0) notes.push(countOf(report.warnings.length, "warning"));
  if (state === "ready" && report.appliedRevision < mesh.revision) notes.push(`at revision ${report.appliedRevision}`);
  return notes.join(", ");
}

export const SORT_KEYS = ["name", "state", "sent", "received", "drops"] as const;
export type SortKey = (typeof SORT_KEYS)[number];

const STATE_ORDER: Readonly<Record<RowState, number>> = { down: 0, ready: 1, foreign: 2 };

/** Largest first; what is not known is least. */
const COMPARE: Readonly<Record<SortKey, (a: NodeRow, b: NodeRow) => number>> = {
  name: () => 0,
  state: (a, b) => STATE_ORDER[a.state] - STATE_ORDER[b.state],
  sent: (a, b) => rate(b, "txBitsPerSecond") - rate(a, "txBitsPerSecond"),
  received: (a, b) => rate(b, "rxBitsPerSecond") - rate(a, "rxBitsPerSecond"),
  drops: (a, b) => (b.report?.drops ?? -1) - (a.report?.drops ?? -1),
};

/** The rows in the order of a column; equal ones by name. */
export function sortRows(rows: readonly NodeRow[], key: SortKey): NodeRow[] {
  return [...rows].sort((a, b) => COMPARE[key](a, b) || compareNames(a.node.name, b.node.name));
}

function rate(row: NodeRow, which: "txBitsPerSecond" | "rxBitsPerSecond"): number {
  return row.isCurrent ? (row.report?.[which] ?? -1) : -1;
}
