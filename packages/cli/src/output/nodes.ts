import type { NodeInfo } from "@warren/common/api/types.ts";
import { formatAge } from "./human.ts";
import { paintState } from "./paint.ts";
import { type Column, formatTable } from "./table.ts";

/** Columns that nodes and peers share. */
export function nodeColumns<Row extends NodeInfo>(color: boolean): Column<Row>[] {
  return [
    { header: "NAME", cell: (node) => node.name },
    { header: "STATE", cell: (node) => paintState(node.state, color) },
    { header: "POD-CIDRS", cell: (node) => node.podCidrs.join(",") },
    { header: "UNDERLAY", cell: (node) => node.underlayAddress },
    { header: "KIND", cell: (node) => node.kind, wide: true },
    { header: "PORT", cell: (node) => String(node.port), wide: true },
    { header: "VTEP-MAC", cell: (node) => node.vtepMac, wide: true },
    { header: "EPOCH", cell: (node) => String(node.epoch), wide: true },
    { header: "SEALING-KEY", cell: ({ sealing }) => (sealing ? fingerprint(sealing.publicKey) : ""), wide: true },
    { header: "KEY-EPOCH", cell: ({ sealing }) => (sealing ? String(sealing.epoch) : ""), wide: true },
    { header: "SEALED-PORT", cell: ({ sealing }) => (sealing ? String(sealing.port) : ""), wide: true },
    { header: "ID", cell: (node) => node.id, wide: true },
  ];
}

/** Nodes as a table; `LAST-SEEN` where the teller knows it. */
export function formatNodes(nodes: readonly NodeInfo[], wide: boolean, color: boolean): string {
  const lastSeen: Column<NodeInfo> = { header: "LAST-SEEN", cell: (node) => formatAge(node.lastSeen) };
  const columns = nodeColumns<NodeInfo>(color);
  if (nodes.some((node) => node.lastSeen !== null)) columns.splice(4, 0, lastSeen);
  return formatTable(columns, nodes, wide);
}

/** Enough of a key to tell two apart at a glance; `-o json` has all of it. */
function fingerprint(publicKey: string): string {
  return `${publicKey.slice(0, 10)}…`;
}
