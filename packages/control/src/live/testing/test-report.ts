import type { PeerReport, ReportRequest } from "@warren/common/rpc/messages.ts";

/** A report of a node that has nothing to tell. */
export function testReport(change: Partial<ReportRequest> = {}): ReportRequest {
  return {
    measured_ms: 1_000,
    applied_revision: 1,
    version: "0.1.0",
    dataplane: "tun",
    overlay_mtu: 1450,
    warnings: [],
    traffic: traffic(0, 0),
    drops: 0,
    pods: [],
    peers: [],
    ...change,
  };
}

export function testPeer(nodeId: string, change: Partial<PeerReport> = {}): PeerReport {
  const idle = { path: "encapsulated", cipher: "none", session: "", traffic: traffic(0, 0), rtt_us: 0 };
  return { node_id: nodeId, ...idle, ...change };
}

export function traffic(txBytes: number, rxBytes: number) {
  return { tx_packets: txBytes / 1_000, tx_bytes: txBytes, rx_packets: rxBytes / 1_000, rx_bytes: rxBytes };
}
