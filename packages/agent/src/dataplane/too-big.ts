import { readU32 } from "@warren/common/wire/field.ts";
import { IPV4_DST } from "@warren/common/wire/ipv4.ts";
import { IPV6_DST } from "@warren/common/wire/ipv6.ts";
import { buildTooBig4, buildTooBig6 } from "@warren/common/wire/packet-too-big.ts";
import { type Arena, SCRATCH } from "./arena.ts";
import type { TunPort } from "./ports.ts";
import { VNET_HEADER } from "./vnet-header.ts";

const IOVEC_BYTES = 16;
const ANSWER = SCRATCH + IOVEC_BYTES + VNET_HEADER;

/**
 * Writes ICMP "fragmentation needed" or ICMPv6 "packet too big" to the TUN device, towards the inner source. Packets of
 * the local stack and of forwarded pods cannot be that long, because the kernel fragments them or answers itself before
 * the TUN device; what comes here is from a device that was given a larger MTU, or a super-packet of such.
 *
 * No answer to an IPv4 packet without DF: it is dropped and counted, for we do not fragment. The answer comes from the
 * destination's address, because one from an address of this host would be dropped as a martian on its way in.
 *
 * Allocates in the builder: rare, and the sender learns from the first answer.
 */
export function answerTooBig(arena: Arena, tun: TunPort, ip: number, length: number, mtu: number): void {
  const { bytes } = arena;
  const answer =
    bytes[ip]! >>> 4 === 4
      ? buildTooBig4(bytes, ANSWER, bytes, ip, length, readU32(bytes, ip + IPV4_DST), mtu)
      : buildTooBig6(bytes, ANSWER, bytes, ip, length, bytes, ip + IPV6_DST, mtu);
  if (answer === 0) return;
  bytes.fill(0, ANSWER - VNET_HEADER, ANSWER);
  arena.kernels.writeIovec(SCRATCH, ANSWER - VNET_HEADER, VNET_HEADER + answer);
  tun.write(SCRATCH, 1);
}
