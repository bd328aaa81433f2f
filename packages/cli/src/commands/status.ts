import type { AgentStatus, ClusterInfo, ControlStatus, NodeInfo } from "@warren/common/api/types.ts";
import { EXIT } from "@warren/common/errors/codes.ts";
import { isSealed } from "@warren/common/net/cipher.ts";
import { formatDuration } from "@warren/common/report/duration.ts";
import { readFromEither } from "../client/local-api.ts";
import { type CommandContext, print } from "../context.ts";
import { formatBytes, formatCount, formatUntil } from "../output/human.ts";
import { paint, paintState } from "../output/paint.ts";
import { formatProperties } from "../output/table.ts";

export async function run(context: CommandContext): Promise<number> {
  const status = await readFromEither<AgentStatus | ControlStatus>(context, ["agent", "control"], "/v1/status");
  await print(context, status, (wide) =>
    formatProperties(
      status.role === "agent" ? agentLines(status, wide, context.color) : controlLines(status, wide, context.color),
    ),
  );
  return status.role === "agent" && !status.ready ? EXIT.notReady : EXIT.ok;
}

type Lines = [name: string, value: string][];

function agentLines(status: AgentStatus, wide: boolean, color: boolean): Lines {
  const { node, cluster, control, netmap, dataplane } = status;
  const drops = Object.entries(dataplane.drops).filter(([, count]) => count > 0);
  const lines: Lines = [
    ["Node", `${node.name} ${paintState(status.ready ? "ready" : "not ready", color)}`],
    ["Pod CIDRs", `${node.podCidrs.join(", ")} (epoch ${node.epoch})`],
    ["Underlay", `${node.underlayAddress} port ${trafficPort(cluster, node)}, MTU ${dataplane.underlayMtu}`],
    ["Overlay", `${dataplane.tun}, MTU ${dataplane.overlayMtu}, VNI ${cluster.vni}, cipher ${cluster.cipher}`],
    ["Encapsulation", cluster.encapsulation],
    ["Dataplane", dataplane.kind],
    ["Control plane", `${control.address} ${paintState(control.connected ? "connected" : "disconnected", color)}`],
    ["Netmap", `revision ${netmap.revision}, ${formatDuration(netmap.ageSeconds * 1000)} old, from ${netmap.source}`],
    ["Certificate", `expires in ${formatUntil(status.certificateExpires)}`],
    ["Pods", formatCount(status.pods)],
    ["Sent", `${formatCount(dataplane.txPackets)} packets, ${formatBytes(dataplane.txBytes)}`],
    ["Received", `${formatCount(dataplane.rxPackets)} packets, ${formatBytes(dataplane.rxBytes)}`],
    ["Dropped", drops.map(([reason, count]) => `${formatCount(count)} ${reason}`).join(", ") || "0"],
    ["Up", formatDuration(status.uptimeSeconds * 1000)],
  ];
  if (control.error !== null) lines.splice(6, 0, ["Last error", control.error]);
  if (wide) {
    lines.push(
      ["Node id", node.id],
      ["VTEP MAC", node.vtepMac],
      ["Cluster", `${cluster.id}, pools ${cluster.podCidrs.join(", ")}`],
      ...(dataplane.kind === "kernel" ? [] : tunLines(dataplane)),
      ["Version", status.version],
    );
  }
  for (const warning of status.warnings) lines.push(["Warning", paint(warning, "yellow", color)]);
  return lines;
}

/** Where packets of other nodes are taken: the other port is closed. */
function trafficPort(cluster: ClusterInfo, node?: NodeInfo): number {
  if (!isSealed(cluster.cipher)) return (node ?? cluster).port;
  return node?.sealing?.port ?? cluster.sealedPort;
}

/** What only the path through worker threads has. */
function tunLines({ offloads, syscalls }: AgentStatus["dataplane"]): Lines {
  const calls = Object.entries(syscalls).map(([name, count]) => `${formatCount(count)} ${name}`);
  return [
    ["Offloads", words(offloads)],
    ["System calls", calls.join(", ")],
  ];
}

function controlLines(status: ControlStatus, wide: boolean, color: boolean): Lines {
  const { cluster, nodes } = status;
  const lines: Lines = [
    ["Control plane", paintState("ready", color)],
    ["Listens on", `${status.listen} for agents, ${status.http} for health and metrics`],
    ["Page", `http://${status.page ?? status.http}/`],
    ["Pools", cluster.podCidrs.join(", ")],
    ["Overlay", `VNI ${cluster.vni}, port ${trafficPort(cluster)}, cipher ${cluster.cipher}`],
    ["Encapsulation", cluster.encapsulation],
    ["Nodes", `${nodes.ready} ready, ${nodes.down} down, ${nodes.foreign} foreign`],
    ["Watchers", formatCount(status.watchers)],
    ["Revision", formatCount(status.revision)],
    ["CA", `${status.caFingerprint}, expires in ${formatUntil(status.caExpires)}`],
    ["Up", formatDuration(status.uptimeSeconds * 1000)],
  ];
  if (wide) lines.push(["Cluster", cluster.id], ["Version", status.version]);
  return lines;
}

function words(flags: Readonly<Record<string, boolean>>): string {
  return Object.entries(flags)
    .map(([name, on]) => (on ? name : `no ${name}`))
    .join(", ");
}
