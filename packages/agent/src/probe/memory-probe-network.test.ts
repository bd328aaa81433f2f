import { buildPacket } from "../dataplane/testing/packets.ts";
import { MemoryProbeNetwork } from "./memory-probe-network.ts";
import { describeProbeNetworkContract } from "./testing/probe-network-contract.ts";

const MTU = 1450;
const PLACES: Readonly<Record<string, readonly [string, string]>> = {
  "/run/netns/a": ["10.244.1.2", "fd00:77::2"],
  "/run/netns/b": ["10.244.2.2", "fd00:77:0:1::2"],
};

describeProbeNetworkContract("memory", () => {
  const network: MemoryProbeNetwork = new MemoryProbeNetwork({
    addressesOf: (netns) => PLACES[netns ?? ""] ?? null,
    carry: (datagram) => {
      const { from, to, payload } = datagram;
      const ends = { src: from.address, srcPort: from.port, dst: to.address, dstPort: to.port };
      const packet = buildPacket({ ...ends, protocol: "udp", payload });
      if (packet.length > MTU) return "too-long";
      network.pass("eth0", packet);
      network.arrive(datagram);
      return "sent";
    },
  });
  const place = (netns: string) => ({ netns, addresses: PLACES[netns]! });
  return { network, a: place("/run/netns/a"), b: place("/run/netns/b"), mtu: MTU, interfaceName: "eth0" };
});
