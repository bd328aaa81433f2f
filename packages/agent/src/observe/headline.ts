import type { AgentView } from "./agent-status.ts";

export type HeadlineView = Pick<AgentView, "ready" | "lease" | "knowledge" | "control" | "fence" | "failure">;

/** How an agent is, in one line: `ready: node1, 10.244.1.0/24, 3 peers, connected`. */
export function headline({ ready, lease, knowledge, control, fence, failure }: HeadlineView): string {
  if (failure) return `failed: the packet path broke: ${failure.message}`;
  if (fence) return `forwards nothing: ${fence.message}`;
  const { name, pod_cidrs: podCidrs, id } = lease.self;
  const peers = [...(knowledge?.netmap.nodes.keys() ?? [])].filter((node) => node !== id).length;
  return [
    `${ready ? "ready" : "starting"}: ${name}`,
    ...podCidrs,
    `${peers} ${peers === 1 ? "peer" : "peers"}`,
    control.connected ? "connected" : `not connected to ${control.address}`,
  ].join(", ");
}
