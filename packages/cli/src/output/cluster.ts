import type { ClusterInfo } from "@warren/common/api/types.ts";
import { formatProperties } from "./table.ts";

/** The settings of the cluster; those that `warren cluster set` takes by the names that it takes. */
export function formatCluster(cluster: ClusterInfo, wide: boolean): string {
  return formatProperties([
    ["Pools", cluster.podCidrs.join(", ")],
    ["VNI", String(cluster.vni)],
    ["Port", String(cluster.port)],
    ["Sealed port", String(cluster.sealedPort)],
    ["cipher", cluster.cipher],
    ["encapsulation", cluster.encapsulation],
    ...(wide ? [["Cluster", cluster.id] as const] : []),
  ]);
}
