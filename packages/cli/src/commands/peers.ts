import type { NodeInfo, PeerInfo } from "@warren/common/api/types.ts";
import { formatDuration } from "@warren/common/report/duration.ts";
import { readFromEither } from "../client/local-api.ts";
import { type CommandContext, print } from "../context.ts";
import { formatBytes, formatCount } from "../output/human.ts";
import { formatNodes, nodeColumns } from "../output/nodes.ts";
import { type Column, formatTable } from "../output/table.ts";

export async function run(context: CommandContext): Promise<void> {
  const peers = await readFromEither<PeerInfo[] | NodeInfo[]>(context, ["agent", "control"], "/v1/peers");
  await print(context, peers, (wide) => {
    if (peers.length === 0) return "no peers yet\n";
    return hasTraffic(peers)
      ? formatTable([...nodeColumns<PeerInfo>(context.color), ...columns(peers)], peers, wide)
      : formatNodes(peers, wide, context.color);
  });
}

/** An agent counts packets per peer; a control plane only knows foreign peers. */
function hasTraffic(peers: PeerInfo[] | NodeInfo[]): peers is PeerInfo[] {
  return "txBytes" in peers[0]!;
}

/** Sessions only where there is one: a plain cluster has none. */
function columns(peers: readonly PeerInfo[]): Column<PeerInfo>[] {
  const isSealed = peers.some((peer) => peer.session !== null);
  return [...TRAFFIC.slice(0, 2), ...(isSealed ? SESSION : []), ...TRAFFIC.slice(2)];
}

const SESSION: readonly Column<PeerInfo>[] = [
  { header: "SESSION", cell: (peer) => peer.session?.state ?? "–" },
  {
    header: "HANDSHAKE",
    cell: (peer) => known(peer.session?.handshakeAgeSeconds ?? null, (age) => formatDuration(age * 1000)),
  },
  { header: "ENDPOINT", cell: (peer) => peer.session?.endpoint ?? "–", wide: true },
];

const TRAFFIC: readonly Column<PeerInfo>[] = [
  { header: "PATH", cell: (peer) => peer.path },
  { header: "CIPHER", cell: (peer) => peer.cipher },
  { header: "SENT", cell: (peer) => known(peer.txBytes, formatBytes) },
  { header: "RECEIVED", cell: (peer) => known(peer.rxBytes, formatBytes) },
  { header: "DIRECT-POD-CIDRS", cell: (peer) => peer.directPodCidrs.join(","), wide: true },
  { header: "PACKETS-SENT", cell: (peer) => known(peer.txPackets, formatCount), wide: true },
  { header: "PACKETS-RECEIVED", cell: (peer) => known(peer.rxPackets, formatCount), wide: true },
];

/** The kernel's device does not count by peer: not known is not zero. */
function known(count: number | null, format: (count: number) => string): string {
  return count === null ? "–" : format(count);
}
