import { Counter, Gauge, Registry } from "prom-client";
import { type AgentView, nodeList, peerList } from "./agent-status.ts";

/**
 * The agent's metrics in the text format of Prometheus. Made from one view for each scrape, so that a peer that is gone
 * leaves no series behind. Counters begin again with the packet path.
 */
export async function renderMetrics(view: AgentView): Promise<{ contentType: string; body: string }> {
  const registry = new Registry();
  const gauge = (name: string, help: string, value: number): void => {
    new Gauge({ name: `warren_agent_${name}`, help, registers: [registry] }).set(value);
  };
  const counter = (name: string, help: string, labelNames: readonly string[]) =>
    new Counter({ name: `warren_agent_${name}`, help, labelNames: [...labelNames], registers: [registry] });

  const { stats, knowledge, control, nowMs } = view;
  new Gauge({
    name: "warren_agent_info",
    help: "1; version and node as labels",
    labelNames: ["version", "node", "node_id"],
    registers: [registry],
  }).set({ version: view.version, node: view.lease.self.name, node_id: view.lease.self.id }, 1);
  gauge("ready", "1 while the node forwards", view.ready ? 1 : 0);
  gauge("control_connected", "1 while the control plane answers", control.connected ? 1 : 0);
  gauge("netmap_revision", "Revision of the netmap in use", knowledge?.netmap.revision ?? 0);
  gauge("netmap_age_seconds", "Time since the control plane confirmed the netmap", ageSeconds(knowledge, nowMs));
  gauge("certificate_expiry_timestamp_seconds", "When the certificate expires", view.certificate.toMs / 1000);
  gauge("nodes", "Nodes in the netmap, this one among them", nodeList(view).length);
  gauge("pods", "Pods on this node", view.pods.length);
  gauge("pod_addresses_capacity", "Pods this node has addresses for", capacity(view));
  gauge("overlay_mtu_bytes", "MTU of the overlay", view.overlayMtu);
  gauge("start_time_seconds", "When the agent started", view.startedMs / 1000);

  const packets = counter("packets_total", "Inner packets, by direction", ["direction"]);
  packets.inc({ direction: "tx" }, stats.total.txPackets);
  packets.inc({ direction: "rx" }, stats.total.rxPackets);
  const bytes = counter("bytes_total", "Bytes of inner packets, by direction", ["direction"]);
  bytes.inc({ direction: "tx" }, stats.total.txBytes);
  bytes.inc({ direction: "rx" }, stats.total.rxBytes);

  const peerPackets = counter("peer_packets_total", "Inner packets exchanged with a peer", ["peer", "direction"]);
  const peerBytes = counter("peer_bytes_total", "Bytes exchanged with a peer", ["peer", "direction"]);
  // No series rather than zeros where the packet path does not count by peer.
  for (const peer of stats.peers ? peerList(view) : []) {
    peerPackets.inc({ peer: peer.name, direction: "tx" }, peer.txPackets ?? 0);
    peerPackets.inc({ peer: peer.name, direction: "rx" }, peer.rxPackets ?? 0);
    peerBytes.inc({ peer: peer.name, direction: "tx" }, peer.txBytes ?? 0);
    peerBytes.inc({ peer: peer.name, direction: "rx" }, peer.rxBytes ?? 0);
  }

  const sessions = new Gauge({
    name: "warren_agent_peer_handshake_age_seconds",
    help: "Time since the last handshake with a peer, where traffic is sealed",
    labelNames: ["peer"],
    registers: [registry],
  });
  for (const { name, session } of view.sealing ? peerList(view) : [])
    if (session?.handshakeAgeSeconds != null) sessions.set({ peer: name }, session.handshakeAgeSeconds);
  const messages = counter("sealed_messages_total", "Sealed messages received, by epoch of the key", [
    "epoch",
    "result",
  ]);
  for (const { epoch, opened, lost, undecryptable } of view.sealing?.traffic() ?? [])
    for (const [result, count] of Object.entries({ opened, lost, undecryptable }))
      messages.inc({ epoch: String(epoch), result }, Math.max(0, count));

  const drops = counter("dropped_packets_total", "Dropped packets, by reason", ["reason"]);
  for (const [reason, count] of Object.entries(stats.drops)) drops.inc({ reason }, count);
  const syscalls = counter("dataplane_syscalls_total", "System calls of the packet path", ["call"]);
  for (const [call, count] of Object.entries(stats.syscalls)) syscalls.inc({ call }, count);

  return { contentType: registry.contentType, body: await registry.metrics() };
}

function ageSeconds(knowledge: AgentView["knowledge"], nowMs: number): number {
  return knowledge ? Math.max(0, (nowMs - knowledge.asOfMs) / 1000) : 0;
}

function capacity(view: AgentView): number {
  return view.ipam.leases.reduce((least, lease) => Math.min(least, lease.capacity), Number.MAX_SAFE_INTEGER);
}
