import { copyBytes } from "./field.ts";
import {
  checkIcmp,
  encodeIcmp,
  ICMP_DESTINATION_UNREACHABLE,
  ICMP_FRAGMENTATION_NEEDED,
  ICMP_HEADER,
  icmpType,
  isIcmpError,
} from "./icmp.ts";
import {
  checkIcmpv6,
  encodeIcmpv6,
  ICMPV6_HEADER,
  ICMPV6_PACKET_TOO_BIG,
  icmpv6Type,
  isIcmpv6Error,
} from "./icmpv6.ts";
import { PROTOCOL_ICMP, PROTOCOL_ICMPV6 } from "./ip-protocol.ts";
import {
  checkIpv4,
  encodeIpv4,
  IPV4_DONT_FRAGMENT,
  IPV4_HEADER,
  ipv4DontFragment,
  ipv4Dst,
  ipv4IsLaterFragment,
  ipv4Protocol,
  ipv4Src,
  ipv4TotalLength,
} from "./ipv4.ts";
import {
  checkIpv6,
  encodeIpv6,
  findIpv6Transport,
  IPV6_DST,
  IPV6_HEADER,
  IPV6_NO_TRANSPORT,
  IPV6_SRC,
  ipv6TotalLength,
  isLaterFragment,
  transportOffset,
  transportProtocol,
} from "./ipv6.ts";

/**
 * The answer to an inner packet that does not fit into the overlay: ICMP "fragmentation needed" (RFC 792, RFC 1191) or
 * ICMPv6 "packet too big" (RFC 4443 §3.2), a whole IP packet back to the inner source. Without it, path MTU discovery
 * of the pods sees a black hole.
 *
 * Both builders return the length of the answer, or 0 when there must be none: an error about an error could go round
 * for ever, one to a group is an amplifier, and one about a later fragment cannot be matched to a socket. They write
 * nothing when they return 0, and need `TOO_BIG_MAX` bytes of room. How often to answer is the caller's decision.
 */

/** Longest answer: an IPv6 one fills the smallest MTU there is (RFC 4443 §2.4 c). */
export const TOO_BIG_MAX = 1280;
/** Longest IPv4 answer (RFC 1812 §4.3.2.3). */
const TOO_BIG_MAX_IPV4 = 576;
/** Precedence "internetwork control", as for every ICMP error (RFC 1812 §4.3.2.5). */
const TOS_CONTROL = 0xc0;
const TTL = 64;

/**
 * @param out Where the answer goes; may be the buffer of the packet, if the two ranges do not overlap.
 * @param length Bytes of the inner packet there are at `offset`.
 * @param from The answering router: an address of this node, as a 32-bit number.
 * @param mtu Longest inner packet that does fit.
 */
export function buildTooBig4(
  out: Uint8Array,
  outOffset: number,
  buf: Uint8Array,
  offset: number,
  length: number,
  from: number,
  mtu: number,
): number {
  if (!mayAnswer4(buf, offset, length)) return 0;
  const quoted = Math.min(ipv4TotalLength(buf, offset), TOO_BIG_MAX_IPV4 - IPV4_HEADER - ICMP_HEADER);
  const totalLength = IPV4_HEADER + ICMP_HEADER + quoted;
  encodeIpv4(out, outOffset, {
    tos: TOS_CONTROL,
    totalLength,
    id: 0, // atomic datagram: DF set, never fragmented, so the id has no meaning (RFC 6864 §4.1)
    fragment: IPV4_DONT_FRAGMENT,
    ttl: TTL,
    protocol: PROTOCOL_ICMP,
    src: from,
    dst: ipv4Src(buf, offset),
  });
  copyBytes(out, outOffset + IPV4_HEADER + ICMP_HEADER, buf, offset, quoted);
  encodeIcmp(out, outOffset + IPV4_HEADER, quoted, {
    type: ICMP_DESTINATION_UNREACHABLE,
    code: ICMP_FRAGMENTATION_NEEDED,
    rest: mtu & 0xffff, // RFC 1191 §4: unused 16 bits, next-hop MTU
  });
  return totalLength;
}

/** RFC 1122 §3.2.2, RFC 1812 §4.3.2.7. */
function mayAnswer4(buf: Uint8Array, offset: number, length: number): boolean {
  const header = checkIpv4(buf, offset, length);
  if (header === 0 || !ipv4DontFragment(buf, offset) || ipv4IsLaterFragment(buf, offset)) return false;
  if (!isSingleHost4(ipv4Src(buf, offset)) || ipv4Dst(buf, offset) >>> 28 >= 0xe) return false;
  if (ipv4Protocol(buf, offset) !== PROTOCOL_ICMP) return true;
  const body = ipv4TotalLength(buf, offset) - header;
  return checkIcmp(buf, offset + header, body) && !isIcmpError(icmpType(buf, offset + header));
}

/** Not 0.0.0.0/8, not loopback, not multicast, not class E with the broadcast address. */
function isSingleHost4(address: number): boolean {
  const first = address >>> 24;
  return first !== 0 && first !== 127 && first < 224;
}

/**
 * @param from Buffer with the 16 bytes of the answering router's address, at `fromOffset`. The rest as for IPv4.
 */
export function buildTooBig6(
  out: Uint8Array,
  outOffset: number,
  buf: Uint8Array,
  offset: number,
  length: number,
  from: Uint8Array,
  fromOffset: number,
  mtu: number,
): number {
  if (!mayAnswer6(buf, offset, length)) return 0;
  const quoted = Math.min(ipv6TotalLength(buf, offset), TOO_BIG_MAX - IPV6_HEADER - ICMPV6_HEADER);
  encodeIpv6(out, outOffset, {
    trafficClass: TOS_CONTROL,
    flowLabel: 0,
    payloadLength: ICMPV6_HEADER + quoted,
    nextHeader: PROTOCOL_ICMPV6,
    hopLimit: TTL,
    src: from,
    srcOffset: fromOffset,
    dst: buf,
    dstOffset: offset + IPV6_SRC,
  });
  const icmp = outOffset + IPV6_HEADER;
  copyBytes(out, icmp + ICMPV6_HEADER, buf, offset, quoted);
  encodeIcmpv6(out, icmp, outOffset, quoted, { type: ICMPV6_PACKET_TOO_BIG, code: 0, rest: mtu });
  return IPV6_HEADER + ICMPV6_HEADER + quoted;
}

/**
 * RFC 4443 §2.4 e. Stricter in two points: it allows an answer about a packet to a group, which the overlay does not
 * carry, and about a later fragment, whose first fragment is answered anyway and which may hide an ICMP error.
 */
function mayAnswer6(buf: Uint8Array, offset: number, length: number): boolean {
  if (checkIpv6(buf, offset, length) === 0) return false;
  if (!isSingleHost6(buf, offset + IPV6_SRC) || buf[offset + IPV6_DST] === 0xff) return false;
  const found = findIpv6Transport(buf, offset);
  if (found === IPV6_NO_TRANSPORT || isLaterFragment(found)) return false;
  if (transportProtocol(found) !== PROTOCOL_ICMPV6) return true;
  const at = transportOffset(found);
  const body = ipv6TotalLength(buf, offset) - at;
  return checkIcmpv6(buf, offset + at, body) && !isIcmpv6Error(icmpv6Type(buf, offset + at));
}

/** Not unspecified, not loopback, not multicast. */
function isSingleHost6(buf: Uint8Array, at: number): boolean {
  if (buf[at] === 0xff) return false;
  for (let i = 0; i < 15; i++) if (buf[at + i] !== 0) return true;
  return buf[at + 15]! > 1;
}
