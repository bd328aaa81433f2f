/** A host without an agent that speaks VXLAN with the kernel's own device: set up by iproute2 as flannel would. */
import type { NodeInfo } from "@warren/common/api/types.ts";
import type { Lab } from "../lab/lab.ts";
import { ipBatch } from "../lab/netns.ts";
import type { LabNode } from "../lab/node.ts";

export interface VxlanHost {
  readonly node: LabNode;
  readonly name: string;
  readonly mac: string;
  readonly podCidrs: readonly string[];
  /** Its address in each of the CIDRs. */
  readonly addresses: readonly string[];
}

const MAC = "02:aa:bb:cc:dd:01";

/**
 * Makes the device on host `number` of the lab, tells it of the nodes, and tells the mesh of it (`warren peer add`).
 *
 *     vx0 (VNI 4096, UDP 4789)   route CIDR via NODE-ADDRESS dev vx0 onlink
 *                                neigh NODE-ADDRESS lladdr VTEP-MAC       fdb VTEP-MAC dst UNDERLAY
 */
export async function addVxlanHost(lab: Lab, number: number, overlayMtu: number): Promise<VxlanHost> {
  const node = lab.host(number);
  const peers = await lab.warren<NodeInfo[]>("control", "nodes");
  const dualStack = peers.some((peer) => peer.podCidrs.some((cidr) => cidr.includes(":")));
  const host: VxlanHost = {
    node,
    name: "kernel-vxlan",
    mac: MAC,
    podCidrs: ["10.99.1.0/24", ...(dualStack ? ["fd99:1::/64"] : [])],
    addresses: ["10.99.1.1", ...(dualStack ? ["fd99:1::1"] : [])],
  };
  await ipBatch(
    [
      `link add vx0 address ${MAC} type vxlan id 4096 dstport 4789 local ${node.underlay} nolearning`,
      `link set vx0 mtu ${overlayMtu} up`,
      ...host.addresses.map((address) => `address add ${withLength(address)} dev vx0${nodad(address)}`),
      ...peers.flatMap((peer) => peer.podCidrs.flatMap((cidr) => routeLines(cidr, peer, host))),
    ],
    node.netns,
  );
  for (const peer of peers)
    await node.run("bridge", ["fdb", "append", peer.vtepMac, "dev", "vx0", "dst", peer.underlayAddress]);
  await lab.warren(
    "control",
    "peer",
    "add",
    host.name,
    "--underlay",
    node.underlay,
    "--vtep-mac",
    MAC,
    ...cidrFlags(host),
  );
  return host;
}

function routeLines(cidr: string, peer: NodeInfo, host: VxlanHost): string[] {
  const gateway = cidr.includes(":") ? cidr.replace(/::\/\d+$/, "::1") : cidr.replace(/\.0\/\d+$/, ".1");
  const source = host.addresses.find((address) => address.includes(":") === cidr.includes(":"))!;
  return [
    `neigh add ${gateway} lladdr ${peer.vtepMac} dev vx0 nud permanent`,
    `route add ${cidr} via ${gateway} dev vx0 onlink src ${source}`,
  ];
}

const cidrFlags = (host: VxlanHost) => host.podCidrs.flatMap((cidr) => ["--pod-cidr", cidr]);
const withLength = (address: string) => `${address}/${address.includes(":") ? 128 : 32}`;
const nodad = (address: string) => (address.includes(":") ? " nodad" : "");
