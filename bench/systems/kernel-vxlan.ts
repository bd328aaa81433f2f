import { ipBatch } from "@warren/e2e/lab/netns.ts";
import type { LabNode } from "@warren/e2e/lab/node.ts";
import { kernelSystem } from "./kernel-system.ts";

const DEVICE = "vxlan42";
const VNI = 42;
const PORT = 4789;

interface End {
  readonly subnet: string;
  readonly address: string;
  readonly mac: string;
}

/** Each end owns a /24 and its first address, as flannel's vxlan backend lays it out: routed, nothing is learned. */
const CLIENT: End = { subnet: "198.19.1.0/24", address: "198.19.1.1", mac: "02:00:00:00:00:01" };
const SERVER: End = { subnet: "198.19.2.0/24", address: "198.19.2.1", mac: "02:00:00:00:00:02" };

/** A `vxlan` device of the kernel with its own defaults (outer UDP checksum, all offloads): the reference of ratios. */
export const kernelVxlan = kernelSystem(
  "kernel-vxlan",
  "the kernel's vxlan device, with static FDB, neighbours and routes",
  (lab) => {
    const [client, server] = [lab.host(1), lab.host(2)];
    return {
      setUp: async () => {
        await addEnd(client, CLIENT, server, SERVER);
        await addEnd(server, SERVER, client, CLIENT);
        return { client, server, serverAddress: SERVER.address, serverProcesses: [] };
      },
      tearDown: async () => {
        for (const host of [client, server]) await removeEnd(host);
      },
    };
  },
);

async function addEnd(host: LabNode, own: End, peerHost: LabNode, peer: End): Promise<void> {
  const kind = `type vxlan id ${VNI} dstport ${PORT} local ${host.underlay} dev eth0 nolearning`;
  await ipBatch(
    [
      `link add ${DEVICE} address ${own.mac} ${kind}`,
      `address add ${own.address}/32 dev ${DEVICE}`,
      `link set ${DEVICE} up`,
      `neighbor replace ${peer.address} lladdr ${peer.mac} dev ${DEVICE} nud permanent`,
      `route replace ${peer.subnet} via ${peer.address} dev ${DEVICE} onlink src ${own.address}`,
    ],
    host.netns,
  );
  await host.run("bridge", ["fdb", "append", peer.mac, "dev", DEVICE, "dst", peerHost.underlay]);
}

async function removeEnd(host: LabNode): Promise<void> {
  const { code } = await host.tryRun("ip", ["link", "show", DEVICE]);
  if (code === 0) await host.run("ip", ["link", "delete", DEVICE]);
}
