import type { MeshView } from "@warren/common/api/mesh-view.ts";
import { formatDuration } from "@warren/common/report/duration.ts";
import { isExposed } from "./link-matrix.ts";
import type { NodeRow } from "./node-row.ts";
import { cipherName, compareNames } from "./text.ts";

/** Something an operator should look at. */
export interface Concern {
  readonly node: string;
  readonly text: string;
  readonly isBad: boolean;
}

/** What is wrong in the mesh, the worst first; empty when all is well. */
export function concernsOf(mesh: MeshView, rows: readonly NodeRow[]): Concern[] {
  const states = new Map(rows.map((row) => [row.node.name, row.state]));
  const concerns = rows.flatMap((row) => [
    ...ofState(row),
    ...ofLinks(row, mesh.cluster.cipher, states),
    ...(row.report?.warnings ?? []).map((text) => ({ node: row.node.name, text, isBad: false })),
  ]);
  // Stable: those of one node keep their order.
  return concerns.sort((a, b) => Number(b.isBad) - Number(a.isBad) || compareNames(a.node, b.node));
}

function ofState({ node, state, downMs, isCurrent, ageMs }: NodeRow): Concern[] {
  if (state === "down")
    return [
      {
        node: node.name,
        text: downMs === null ? "down" : `down, last heard of ${formatDuration(downMs)} ago`,
        isBad: true,
      },
    ];
  if (state === "foreign" || isCurrent || ageMs === null) return [];
  return [{ node: node.name, text: `ready, but its last report is ${formatDuration(ageMs)} old`, isBad: false }];
}

function ofLinks(row: NodeRow, cipher: string, states: ReadonlyMap<string, string>): Concern[] {
  if (!row.isCurrent || row.report === null) return [];
  const { name } = row.node;
  const exposed = row.report.peers.filter((link) => isExposed(link, cipher));
  const silent = row.report.peers.filter((link) => link.rttMs === null && states.get(link.peer) === "ready");
  const peers = (links: readonly { peer: string }[]) => listed(links.map((link) => link.peer));
  return [
    ...(exposed.length > 0
      ? [{ node: name, text: `sends in the clear to ${peers(exposed)}, not ${cipherName(cipher)}`, isBad: true }]
      : []),
    ...(silent.length > 0 ? [{ node: name, text: `no answer from ${peers(silent)}`, isBad: false }] : []),
  ];
}

function listed(names: readonly string[]): string {
  const shown = [...names].sort(compareNames).slice(0, 5).join(", ");
  return names.length > 5 ? `${shown} and ${names.length - 5} more` : shown;
}
