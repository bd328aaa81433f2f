import type { AgentStatus, NodeInfo } from "@warren/common/api/types.ts";
import { forgeUdpPacket, forgeVxlan } from "../lab/forge.ts";
import type { Mesh } from "../lab/mesh.ts";
import type { LabNode } from "../lab/node.ts";
import { podProgram } from "../lab/pod.ts";
import type { Supervised } from "../lab/supervised.ts";
import { waitFor } from "../lab/wait-for.ts";

/** Of the listener. */
export const FORGED_PORT = 9999;

/** Node 1 of a mesh of two as the target of forged datagrams, with a listener in its pod that tells what got through. */
export interface ForgedTarget {
  readonly node: NodeInfo;
  readonly listener: Supervised;
  drops(): Promise<AgentStatus["dataplane"]["drops"]>;
  /** An inner UDP packet to the listener, from the pod of node 2 to that of node 1 unless said. */
  udp(payload: string, source?: string, destination?: string): Uint8Array;
  /** The datagram that carries it, as node 2 would send it but for `change`. */
  vxlan(inner: Uint8Array, change?: Partial<Parameters<typeof forgeVxlan>[0]>): Buffer;
  /** From a host's underlay address to the target's VXLAN port. */
  send(from: LabNode, ...datagrams: Buffer[]): Promise<void>;
}

export async function openForgedTarget(mesh: Mesh): Promise<ForgedTarget> {
  const status = () => mesh.lab.warren<AgentStatus>(1, "status");
  const { node } = await status();
  const listener = await mesh.pod(1).spawn(process.execPath, [podProgram("udp-listen.mjs"), String(FORGED_PORT)]);
  await waitFor("the listener", () => listener.log().includes("listening"));
  return {
    node,
    listener,
    drops: async () => (await status()).dataplane.drops,
    udp: (payload, source = mesh.pod(2).address(4), destination = mesh.pod(1).address(4)) =>
      forgeUdpPacket({ source, destination, port: FORGED_PORT, payload }),
    vxlan: (inner, change = {}) => forgeVxlan({ vni: 4096, destinationMac: node.vtepMac, inner, ...change }),
    send: async (from, ...datagrams) => {
      const args = [podProgram("udp-send.mjs"), from.underlay, "55555", node.underlayAddress, String(node.port)];
      await from.run(process.execPath, [...args, ...datagrams.map((datagram) => datagram.toString("hex"))]);
    },
  };
}
