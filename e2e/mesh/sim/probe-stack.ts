import { basename } from "node:path";
import { buildPacket } from "@warren/agent/dataplane/testing/packets.ts";
import { MemoryProbeNetwork } from "@warren/agent/probe/memory-probe-network.ts";
import { formatAddress, type IpAddress } from "@warren/common/net/address.ts";
import { PROTOCOL_UDP } from "@warren/common/wire/ip-protocol.ts";
import { checkIpv4, ipv4Protocol } from "@warren/common/wire/ipv4.ts";
import { IPV6_HEADER, ipv6NextHeader } from "@warren/common/wire/ipv6.ts";
import { UDP_HEADER, udpDstPort, udpSrcPort } from "@warren/common/wire/udp.ts";
import type { HostStack } from "./host-stack.ts";

/** Sockets of self-tests on a host stack: what they send are packets of its pods and of itself, and take the packet path. */
export function probesOn(stack: HostStack): MemoryProbeNetwork {
  return new MemoryProbeNetwork({
    addressesOf: (netns) =>
      netns === null
        ? (stack.network.plan?.nodeAddresses ?? [])
        : (stack.pods.made.get(basename(netns))?.addresses ?? null),
    carry: ({ from, to, payload }) => {
      const ends = { src: from.address, srcPort: from.port, dst: to.address, dstPort: to.port };
      const packet = buildPacket({ ...ends, protocol: "udp", payload });
      if (packet.length > (stack.network.plan?.overlayMtu ?? 0)) return "too-long";
      stack.send(packet);
      return "sent";
    },
  });
}

/** What every probe and every answer begins with (`agent/probe/probe-message.ts`). */
const MARK = Buffer.from([0x57, 0x50, 1]);

/**
 * Hands a packet that came to a host to the socket it is for. A probe whose socket is closed by now ends here as well, as in
 * a kernel.
 * @returns false for what is no self-test's
 */
export function arriveAtProbes(probes: MemoryProbeNetwork | null, packet: Uint8Array): boolean {
  const isV6 = packet[0]! >>> 4 === 6;
  const header = isV6 ? IPV6_HEADER : checkIpv4(packet, 0, packet.length);
  if ((isV6 ? ipv6NextHeader(packet, 0) : ipv4Protocol(packet, 0)) !== PROTOCOL_UDP) return false;
  const address = (end: number): string => {
    const bytes = isV6 ? packet.slice(8 + 16 * end, 24 + 16 * end) : packet.slice(12 + 4 * end, 16 + 4 * end);
    return formatAddress({ family: isV6 ? 6 : 4, bytes } satisfies IpAddress);
  };
  const payload = packet.slice(header + UDP_HEADER);
  const arrived = probes?.arrive({
    from: { address: address(0), port: udpSrcPort(packet, header) },
    to: { address: address(1), port: udpDstPort(packet, header) },
    payload,
  });
  return arrived || MARK.equals(payload.subarray(0, MARK.length));
}
