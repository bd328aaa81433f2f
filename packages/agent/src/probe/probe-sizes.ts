import { IPV4_HEADER } from "@warren/common/wire/ipv4.ts";
import { IPV6_HEADER } from "@warren/common/wire/ipv6.ts";
import { UDP_HEADER } from "@warren/common/wire/udp.ts";
import { PROBE_BYTES } from "./probe-message.ts";

/** Longest IP packet. */
export const MAX_PACKET_BYTES = 65_535;

/** What stands before the payload of a datagram to that address. */
function headerBytes(address: string): number {
  return (address.includes(":") ? IPV6_HEADER : IPV4_HEADER) + UDP_HEADER;
}

/** Length of the shortest IP packet with a probe. */
export function leastPacketBytes(address: string): number {
  return headerBytes(address) + PROBE_BYTES;
}

/** Length of the UDP payload in an IP packet of that length; the shortest when there is none asked. */
export function payloadLength(address: string, packetBytes: number | undefined): number {
  return packetBytes === undefined ? PROBE_BYTES : packetBytes - headerBytes(address);
}
