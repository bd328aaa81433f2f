import { matches } from "./filter.ts";
import type { NodeRow } from "./node-row.ts";
import { compareNames } from "./text.ts";

/** One pod as its row shows it. */
export interface PodRow {
  readonly key: string;
  readonly namespace: string;
  readonly name: string;
  readonly addresses: readonly string[];
  readonly node: string;
  /** False where its node is down, or has not reported for a while. */
  readonly isCurrent: boolean;
}

/** How many pods there are, and how many of them only their nodes can tell. */
export function countPods(rows: readonly NodeRow[]): { readonly total: number; readonly untold: number } {
  const reports = rows.flatMap(({ report }) => report ?? []);
  const total = reports.reduce((sum, report) => sum + report.podCount, 0);
  return { total, untold: total - reports.reduce((sum, report) => sum + report.pods.length, 0) };
}

/** The pods of all nodes that the filter lets through, by namespace and name. */
export function podRows(rows: readonly NodeRow[], filter: string): PodRow[] {
  return rows
    .flatMap(({ node, report, isCurrent }) =>
      (report?.pods ?? []).map(({ namespace, name, addresses }) => {
        // Two nodes may have pods of one name.
        const key = JSON.stringify([node.id, namespace, name]);
        return { key, namespace, name, addresses, node: node.name, isCurrent };
      }),
    )
    .filter((pod) => matches(filter, [pod.namespace, pod.name, pod.node, ...pod.addresses]))
    .sort(
      (a, b) => compareNames(a.namespace, b.namespace) || compareNames(a.name, b.name) || compareNames(a.node, b.node),
    );
}
