import type { MeshLink, MeshView } from "@warren/common/api/mesh-view.ts";
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
    ...ofExposure(row, mesh.cluster.cipher),
    ...ofSilence(row, states),
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

function ofExposure(row: NodeRow, cipher: string): Concern[] {
  const exposed = (row.isCurrent ? row.report?.peers : undefined)?.filter((link) => isExposed(link, cipher)) ?? [];
  if (exposed.length === 0) return [];
  const text = `sends in the clear to ${listed(exposed)}, not ${cipherName(cipher)}`;
  return [{ node: row.node.name, text, isBad: true }];
}

function ofSilence(row: NodeRow, states: ReadonlyMap<string, string>): Concern[] {
  const asked =
    (row.isSettled ? row.report?.peers : undefined)?.filter((link) => states.get(link.peer) === "ready") ?? [];
  const silent = asked.filter((link) => link.rttMs === null);
  if (silent.length === 0) return [];
  const isCutOff = silent.length === asked.length && asked.length > 1;
  const text = isCutOff
    ? "no answer from any node: it is cut off, or its agent may not send ICMP (CAP_NET_RAW)"
    : `no answer from ${listed(silent)}`;
  return [{ node: row.node.name, text, isBad: false }];
}

function listed(links: readonly MeshLink[]): string {
  const names = links.map((link) => link.peer);
  const shown = names.sort(compareNames).slice(0, 5).join(", ");
  return names.length > 5 ? `${shown} and ${names.length - 5} more` : shown;
}
