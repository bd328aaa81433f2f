import type { DataPlaneOptions, ForwardingView } from "../data-plane.ts";

type Node = 1 | 2;

/** Options of a node of the contract suite; the TUN device is named for it. */
export function contractOptions(node: Node): DataPlaneOptions {
  return {
    tunName: `wdp${node}`,
    underlayAddress: `192.0.2.${node}`,
    port: 4789,
    vni: 4096,
    vtepMac: `02:00:00:00:00:0${node}`,
    overlayMtu: 1450,
  };
}

/** What a node of the contract suite must know to reach the other. */
export function contractView(node: Node): ForwardingView {
  const other = (3 - node) as Node;
  const { underlayAddress, port, vtepMac } = contractOptions(other);
  return {
    localPrefixes: [`10.${node}.0.0/24`, `fd00:${node}::/64`],
    peers: [
      {
        nodeId: `node-${other}`,
        underlayAddress,
        port,
        vtepMac,
        prefixes: [`10.${other}.0.0/24`, `fd00:${other}::/64`],
      },
    ],
  };
}
