import type { PeerInfo } from "@warren/common/api/types.ts";
import { nodeAddress } from "@warren/common/net/node-address.ts";
import type { PeerReport, ReportRequest, TrafficCounters } from "@warren/common/rpc/messages.ts";
import { REPORT_LIMITS } from "@warren/common/rpc/report-limits.ts";
import { faultOf } from "../control-client/netmap.ts";
import type { TrafficCounters as PathCounters } from "../dataplane-host/data-plane.ts";
import { type AgentView, agentStatus, peerList } from "../observe/agent-status.ts";
import type { ProbeTarget } from "./round-trips.ts";

/** The peers that a report is about: those with the most traffic, as many as it may hold. */
export function reportedPeers(view: AgentView): PeerInfo[] {
  const bytes = (peer: PeerInfo): number => (peer.txBytes ?? 0) + (peer.rxBytes ?? 0);
  // By name where it is the same: the sort is stable, and the list is by name.
  return peerList(view)
    .sort((a, b) => bytes(b) - bytes(a))
    .slice(0, REPORT_LIMITS.peers);
}

/** Those of the peers whose kernels answer for their node address: nodes with an agent, on whatever path. */
export function probeTargets(view: AgentView, peers: readonly PeerInfo[]): ProbeTarget[] {
  const nodes = view.knowledge?.netmap.nodes;
  return peers.flatMap(({ id, foreign, podCidrs: [cidr] }) => {
    const node = nodes?.get(id);
    if (foreign || cidr === undefined || !node || faultOf(node) !== null) return [];
    return [{ nodeId: id, address: nodeAddress(cidr) }];
  });
}

/**
 * What this node tells of itself.
 * @param roundTripsUs by node id
 * @param measuredMs of a clock that only goes forward
 */
export function nodeReport(
  view: AgentView,
  peers: readonly PeerInfo[],
  roundTripsUs: ReadonlyMap<string, number>,
  measuredMs: number,
): ReportRequest {
  const { stats } = view;
  const { warnings } = agentStatus(view);
  return {
    measured_ms: Math.round(measuredMs),
    applied_revision: view.knowledge?.netmap.revision ?? 0,
    version: view.version,
    dataplane: stats.kind,
    overlay_mtu: view.overlayMtu,
    warnings: warnings.slice(0, REPORT_LIMITS.warnings).map((text) => text.slice(0, REPORT_LIMITS.warningLength)),
    traffic: trafficOf(stats.total),
    drops: Object.values(stats.drops).reduce((sum, count) => sum + count, 0),
    pods: view.pods.slice(0, REPORT_LIMITS.pods).map(({ namespace, name, addresses }) => ({
      ...{ namespace, name, addresses: addresses.slice(0, REPORT_LIMITS.addresses) },
    })),
    peers: peers.map((peer) => peerReport(peer, roundTripsUs.get(peer.id) ?? 0)),
  };
}

function peerReport(peer: PeerInfo, rttUs: number): PeerReport {
  const { id, path, cipher, session } = peer;
  const traffic = isCounted(peer) ? trafficOf(peer) : null;
  return { node_id: id, path, cipher, session: session?.state ?? "", traffic, rtt_us: rttUs };
}

/** The kernel's packet path does not count by peer. */
function isCounted(peer: PeerInfo): peer is PeerInfo & PathCounters {
  return peer.txBytes !== null;
}

function trafficOf({ txPackets, txBytes, rxPackets, rxBytes }: PathCounters): TrafficCounters {
  return { tx_packets: txPackets, tx_bytes: txBytes, rx_packets: rxPackets, rx_bytes: rxBytes };
}
