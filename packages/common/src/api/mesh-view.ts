import type { ClusterInfo, DataplaneKind, NodeInfo, PeerInfo, PeerSession } from "./types.ts";

/**
 * What the live page shows, and anybody may read who can reach it: `GET /v1/mesh` of the control plane's HTTP addresses.
 * Nothing in it is a secret. Nodes report only while somebody asks for it: the first answer after a pause has none.
 */
export interface MeshView {
  /** ISO 8601, by the control plane's clock. */
  readonly now: string;
  readonly version: string;
  readonly cluster: ClusterInfo;
  /** Of the netmap, as `appliedRevision` is. */
  readonly revision: number;
  readonly uptimeSeconds: number;
  readonly nodes: readonly MeshNode[];
}

export interface MeshNode extends NodeInfo {
  /** The newest that the node told; null for foreign peers, and until the first report. */
  readonly report: NodeReport | null;
}

export interface NodeReport {
  /** How long ago it came. */
  readonly ageMs: number;
  /** Revision of the netmap that the node forwards by. */
  readonly appliedRevision: number;
  readonly version: string;
  readonly dataplane: DataplaneKind;
  readonly overlayMtu: number;
  readonly warnings: readonly string[];
  /** Between this report and the one before; null until there are two. */
  readonly txBitsPerSecond: number | null;
  readonly rxBitsPerSecond: number | null;
  readonly txPackets: number;
  readonly rxPackets: number;
  /** Packets dropped, all reasons. */
  readonly drops: number;
  readonly podCount: number;
  /** Fewer than `podCount` in a mesh so large that the whole answer would be too long; `peers` likewise. */
  readonly pods: readonly {
    readonly namespace: string;
    readonly name: string;
    readonly addresses: readonly string[];
  }[];
  /** At most 100: those with the most traffic. */
  readonly peers: readonly MeshLink[];
}

/** One direction of a pair: what the reporting node knows of its peer. */
export interface MeshLink {
  /** Name of the peer. */
  readonly peer: string;
  readonly path: PeerInfo["path"];
  readonly cipher: PeerInfo["cipher"];
  /** Null while not sealed. */
  readonly session: PeerSession["state"] | null;
  /** Newest round trip through the overlay, to the peer's node address; null when it was not answered or not tried. */
  readonly rttMs: number | null;
  /** Null where the packet path does not count by peer. */
  readonly txBitsPerSecond: number | null;
  readonly rxBitsPerSecond: number | null;
}
