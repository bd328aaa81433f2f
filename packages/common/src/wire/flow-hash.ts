import { readI32 } from "./field.ts";
import { PROTOCOL_TCP, PROTOCOL_UDP } from "./ip-protocol.ts";
import { IPV4_DST, IPV4_SRC, ipv4HeaderLength, ipv4IsFragment, ipv4Protocol, ipv4TotalLength } from "./ipv4.ts";
import {
  findIpv6Transport,
  IPV6_DST,
  IPV6_NO_TRANSPORT,
  IPV6_SRC,
  ipv6TotalLength,
  isFragment,
  transportOffset,
  transportProtocol,
} from "./ipv6.ts";

/**
 * A hash of the inner flow, so that the underlay can spread flows over paths and queues by the outer UDP source port
 * and keep each flow in order (RFC 7348 §5). Over both addresses and the protocol; over the ports too for TCP and UDP,
 * but not in fragments: the first one alone has ports, and the pieces of one datagram should not part.
 *
 * Not keyed: a pod that aims its flows at one path harms itself.
 *
 * @returns 32 bits, signed: a number that never needs a heap object.
 */
export function flowHash4(buf: Uint8Array, offset: number): number {
  const protocol = ipv4Protocol(buf, offset);
  let hash = mix(protocol, readI32(buf, offset + IPV4_SRC));
  hash = mix(hash, readI32(buf, offset + IPV4_DST));
  if (!ipv4IsFragment(buf, offset)) {
    hash = mixPorts(hash, protocol, buf, offset, ipv4HeaderLength(buf, offset), ipv4TotalLength(buf, offset));
  }
  return finish(hash);
}

/** The same for IPv6. Both need a packet that `checkIpv4` or `checkIpv6` has passed. */
export function flowHash6(buf: Uint8Array, offset: number): number {
  const found = findIpv6Transport(buf, offset);
  const protocol = found === IPV6_NO_TRANSPORT ? 0 : transportProtocol(found);
  let hash = protocol;
  for (let i = 0; i < 16; i += 4) hash = mix(hash, readI32(buf, offset + IPV6_SRC + i));
  for (let i = 0; i < 16; i += 4) hash = mix(hash, readI32(buf, offset + IPV6_DST + i));
  if (found !== IPV6_NO_TRANSPORT && !isFragment(found)) {
    hash = mixPorts(hash, protocol, buf, offset, transportOffset(found), ipv6TotalLength(buf, offset));
  }
  return finish(hash);
}

/** Outer source port of a flow: 49152–65535, the dynamic range (RFC 6335 §6) that RFC 7348 §5 recommends. */
export function flowPort(hash: number): number {
  return 0xc000 | (hash & 0x3fff);
}

/** TCP and UDP both begin with the two ports. */
function mixPorts(hash: number, protocol: number, buf: Uint8Array, offset: number, at: number, end: number): number {
  const hasPorts = (protocol === PROTOCOL_TCP || protocol === PROTOCOL_UDP) && at + 4 <= end;
  return hasPorts ? mix(hash, readI32(buf, offset + at)) : hash;
}

/** One round and the finish of MurmurHash3 (public domain): few multiplications, every input bit reaches all others. */
function mix(hash: number, word: number): number {
  let k = Math.imul(word, 0xcc9e2d51);
  k = Math.imul((k << 15) | (k >>> 17), 0x1b873593);
  const h = hash ^ k;
  return (Math.imul((h << 13) | (h >>> 19), 5) + 0xe6546b64) | 0;
}

function finish(hash: number): number {
  let h = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}
