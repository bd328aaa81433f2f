import type { MeshLink, MeshNode, MeshView, NodeReport } from "@warren/common/api/mesh-view.ts";
import type { ControlStatus, DataplaneKind, NodeInfo } from "@warren/common/api/types.ts";
import type { PeerReport } from "@warren/common/rpc/messages.ts";
import { describeNodes } from "../api/describe.ts";
import type { MeshContext } from "../mesh/context.ts";
import type { LiveReport } from "./live-reports.ts";
import { NO_RATES } from "./rates.ts";

/** What one answer holds of all nodes together, so that its size grows with their number and not with its square. */
const LINKS = 20_000;
const PODS = 20_000;

/** The whole mesh as the control plane knows it, with what its nodes told of themselves. */
export function meshView(context: MeshContext, status: ControlStatus): MeshView {
  const { clock, netmap } = context;
  const nodes = describeNodes(context, false);
  const share = { links: Math.floor(LINKS / nodes.length), pods: Math.floor(PODS / nodes.length) };
  return {
    now: new Date(clock.nowMs()).toISOString(),
    version: status.version,
    cluster: status.cluster,
    revision: netmap.revision,
    uptimeSeconds: status.uptimeSeconds,
    nodes: [...nodes, ...describeNodes(context, true)].map((node) => meshNode(context, node, share)),
  };
}

interface Share {
  readonly links: number;
  readonly pods: number;
}

function meshNode(context: MeshContext, node: NodeInfo, share: Share): MeshNode {
  const live = context.live.of(node.id);
  return { ...node, report: live ? nodeReport(context, live, share) : null };
}

function nodeReport(context: MeshContext, live: LiveReport, share: Share): NodeReport {
  const { report, receivedMs, rates } = live;
  return {
    ageMs: Math.round(context.clock.monotonicMs() - receivedMs),
    appliedRevision: report.applied_revision,
    version: report.version,
    // Checked when it came, as all that is text.
    dataplane: report.dataplane as DataplaneKind,
    overlayMtu: report.overlay_mtu,
    warnings: report.warnings,
    ...rates,
    txPackets: report.traffic?.tx_packets ?? 0,
    rxPackets: report.traffic?.rx_packets ?? 0,
    drops: report.drops,
    podCount: report.pods.length,
    pods: report.pods.slice(0, share.pods),
    peers: report.peers.slice(0, share.links).flatMap((peer) => meshLink(context, live, peer)),
  };
}

/** None for a peer that is gone meanwhile. The name is the control plane's: what a node calls its peers is not asked. */
function meshLink({ view }: MeshContext, live: LiveReport, peer: PeerReport): MeshLink[] {
  const node = view.nodes.get(peer.node_id);
  if (!node) return [];
  return [
    {
      peer: node.name,
      path: peer.path as MeshLink["path"],
      cipher: peer.cipher as MeshLink["cipher"],
      session: peer.session === "" ? null : (peer.session as MeshLink["session"]),
      rttMs: peer.rtt_us === 0 ? null : peer.rtt_us / 1_000,
      ...(live.peerRates.get(peer.node_id) ?? NO_RATES),
    },
  ];
}
