import type { NodeInfo, PeerInfo } from "@warren/common/api/types.ts";
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
      ? formatTable([...nodeColumns<PeerInfo>(context.color), ...TRAFFIC], peers, wide)
      : formatNodes(peers, wide, context.color);
  });
}

/** An agent counts packets per peer; a control plane only knows foreign peers. */
function hasTraffic(peers: PeerInfo[] | NodeInfo[]): peers is PeerInfo[] {
  return "txBytes" in peers[0]!;
}

const TRAFFIC: readonly Column<PeerInfo>[] = [
  { header: "PATH", cell: (peer) => peer.path },
  { header: "SENT", cell: (peer) => formatBytes(peer.txBytes) },
  { header: "RECEIVED", cell: (peer) => formatBytes(peer.rxBytes) },
  { header: "DIRECT-POD-CIDRS", cell: (peer) => peer.directPodCidrs.join(","), wide: true },
  { header: "PACKETS-SENT", cell: (peer) => formatCount(peer.txPackets), wide: true },
  { header: "PACKETS-RECEIVED", cell: (peer) => formatCount(peer.rxPackets), wide: true },
];
