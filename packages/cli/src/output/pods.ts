import type { PodInfo } from "@warren/common/api/types.ts";
import { formatAge } from "./human.ts";
import { paintState } from "./paint.ts";
import { type Column, formatTable } from "./table.ts";

/** Pods as a table, for `pod add`, `pod del` and `pod list`. */
export function formatPods(pods: readonly PodInfo[], wide: boolean, color: boolean): string {
  const columns: Column<PodInfo>[] = [
    { header: "NAME", cell: (pod) => pod.name },
    { header: "NAMESPACE", cell: (pod) => pod.namespace },
    { header: "ADDRESSES", cell: (pod) => pod.addresses.join(",") },
    { header: "STATE", cell: (pod) => paintState(podState(pod), color) },
    { header: "AGE", cell: (pod) => formatAge(pod.created) },
    { header: "NETNS", cell: (pod) => pod.netns, wide: true },
    { header: "INTERFACE", cell: (pod) => pod.hostInterface, wide: true },
    {
      header: "LABELS",
      cell: (pod) =>
        Object.entries(pod.labels)
          .map(([key, value]) => `${key}=${value}`)
          .join(","),
      wide: true,
    },
    { header: "COMMAND", cell: (pod) => pod.process?.command.join(" ") ?? "", wide: true },
  ];
  return formatTable(columns, pods, wide);
}

function podState({ process }: PodInfo): string {
  if (process === null) return "idle";
  if (process.running) return "running";
  return process.exit === null ? "exited" : `exited(${process.exit})`;
}
