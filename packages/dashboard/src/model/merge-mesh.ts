import type { MeshView } from "@warren/common/api/mesh-view.ts";

/**
 * The next picture, with what the one before knew and it does not. Nodes report only while somebody asks, so the first
 * answer after a pause has no reports: the old ones are kept, `elapsedMs` older.
 */
export function mergeMesh(previous: MeshView | null, next: MeshView, elapsedMs: number): MeshView {
  if (previous === null || next.nodes.every((node) => node.report !== null)) return next;
  const known = new Map(previous.nodes.map((node) => [node.id, node.report]));
  const nodes = next.nodes.map((node) => {
    const old = node.report === null ? known.get(node.id) : undefined;
    return old ? { ...node, report: { ...old, ageMs: old.ageMs + elapsedMs } } : node;
  });
  return { ...next, nodes };
}
