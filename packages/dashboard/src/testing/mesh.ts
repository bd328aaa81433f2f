import type { MeshLink, MeshNode, MeshView, NodeReport } from "@warren/common/api/mesh-view.ts";
import { type NodeRow, nodeRows } from "../model/node-row.ts";

/** A picture of a mesh with these nodes. */
export function mesh(nodes: readonly MeshNode[], change: Partial<MeshView> = {}): MeshView {
  return {
    now: "2026-11-26T09:30:00.000Z",
    version: "0.1.0",
    cluster: {
      ...{ id: "c-1", podCidrs: ["10.244.0.0/16"], vni: 4096, port: 4789, sealedPort: 51820 },
      ...{ cipher: "none", encapsulation: "always" },
    },
    revision: 7,
    uptimeSeconds: 60,
    nodes,
    ...change,
  };
}

/** A node that is ready and has just reported. */
export function node(name: string, change: Partial<MeshNode> = {}): MeshNode {
  return {
    ...{ id: `id-${name}`, name, underlayAddress: "192.0.2.1", port: 4789, vtepMac: "02:00:00:00:00:01" },
    ...{ podCidrs: ["10.244.0.0/24"], epoch: 1, state: "ready", foreign: false, kind: "node", sealing: null },
    lastSeen: "2026-11-26T09:29:59.000Z",
    report: report(),
    ...change,
  };
}

/** The rows of the table for a mesh whose nodes have all reported for a while. */
export function settledRows(view: MeshView): NodeRow[] {
  const samples = [0, 1000, 2000, 3000].map((atMs) => ({ atMs, tx: 0, rx: 0 }));
  return nodeRows(view, 0, new Map(view.nodes.map(({ id }) => [id, samples])));
}

export function report(change: Partial<NodeReport> = {}): NodeReport {
  return {
    ...{ ageMs: 500, appliedRevision: 7, version: "0.1.0", dataplane: "tun", overlayMtu: 1450, warnings: [] },
    ...{
      txBitsPerSecond: 1000,
      rxBitsPerSecond: 2000,
      txPackets: 1,
      rxPackets: 2,
      drops: 0,
      podCount: 0,
      pods: [],
      peers: [],
    },
    ...change,
  };
}

export function link(peer: string, change: Partial<MeshLink> = {}): MeshLink {
  return {
    ...{ peer, path: "encapsulated", cipher: "none", session: null },
    ...{ rttMs: 0.25, txBitsPerSecond: 1000, rxBitsPerSecond: 1000 },
    ...change,
  };
}
