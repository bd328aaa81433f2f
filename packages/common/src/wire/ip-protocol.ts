/** Protocol numbers (IANA "Assigned Internet Protocol Numbers"): IPv4 "protocol" and IPv6 "next header" are one space. */
export const PROTOCOL_ICMP = 1;
export const PROTOCOL_TCP = 6;
export const PROTOCOL_UDP = 17;
export const PROTOCOL_ICMPV6 = 58;

/** The high four bits of a packet's first byte: 4, 6, or what cannot be IP. Needs one byte at `offset`. */
export function ipVersion(buf: Uint8Array, offset: number): number {
  return buf[offset]! >>> 4;
}
