import type { MeshView } from "@warren/common/api/mesh-view.ts";

/** What a node sent and received at one moment, in bits per second. */
export interface Sample {
  readonly atMs: number;
  readonly tx: number;
  readonly rx: number;
}

/** Samples of each node by its id, oldest first. */
export type Histories = ReadonlyMap<string, readonly Sample[]>;

/** How far back a history goes. */
export const HISTORY_MS = 120_000;

/** Rates of a report that is older say nothing about now. Nodes of a large mesh report less often. */
export function staleMs(nodes: number): number {
  return Math.max(10_000, nodes * 30);
}

/** The histories with one sample more for each node that told its rates lately; nodes that are gone are forgotten. */
export function extendHistories(histories: Histories, mesh: MeshView, atMs: number): Histories {
  const limitMs = staleMs(mesh.nodes.length);
  return new Map(
    mesh.nodes.map((node) => {
      const kept = (histories.get(node.id) ?? []).filter((sample) => sample.atMs > atMs - HISTORY_MS);
      const { report } = node;
      if (node.state === "down" || !report || report.ageMs > limitMs) return [node.id, kept];
      if (report.txBitsPerSecond === null || report.rxBitsPerSecond === null) return [node.id, kept];
      return [node.id, [...kept, { atMs, tx: report.txBitsPerSecond, rx: report.rxBitsPerSecond }]];
    }),
  );
}

/** The largest rate in any of the histories. */
export function peakOf(histories: Histories): number {
  let peak = 0;
  for (const samples of histories.values()) for (const { tx, rx } of samples) peak = Math.max(peak, tx, rx);
  return peak;
}
