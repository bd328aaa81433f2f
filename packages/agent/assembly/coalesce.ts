import { fold, isRight, pseudoHeader, sumBytes, word } from "./checksum";
import { FLAG_UDP, FLAG_V6 } from "./segment";

// Coalescing: consecutive packets of one flow become one super-packet that the kernel handles as a whole.
//
// Nothing is copied. A slot collects the pieces as a gather list: the first packet with its headers, then only the
// payloads of the others, where they lie.
//
//   slot  0 first      start of the IP header of the first packet
//         4 length     bytes of the first packet
//         8 l4         offset of its TCP or UDP header
//        12 headers    offset of its payload
//        16 size       payload bytes of the first packet: no later one has more
//        20 total      payload bytes so far
//        24 nextSeq    TCP: the sequence number that must come next
//        28 count      packets so far
//        32 flags      FLAG_V6, FLAG_UDP
//        36 open       1 while it may grow
//        40 verified   1 once the checksums of the first packet were found right
//        44 maxCount   the most packets it may take
//        48 endFlags   FIN and PSH of the last packet
//        64 iovec[]    native address and length, 8 bytes each

const FIRST = 0, LENGTH = 4, L4 = 8, HEADERS = 12, SIZE = 16, TOTAL = 20, NEXT_SEQ = 24, COUNT = 28, FLAGS = 32,
  OPEN = 36, VERIFIED = 40, MAX_COUNT = 44, END_FLAGS = 48, IOVEC = 64;

// virtio_net_hdr (VIRTIO 1.3 §5.1.6): flags, gso_type, hdr_len, gso_size, csum_start, csum_offset; little-endian here.
const VNET_BYTES: usize = 10;
const VNET_NEEDS_CSUM: u8 = 1;
const VNET_GSO_TCPV4: u8 = 1, VNET_GSO_TCPV6: u8 = 4, VNET_GSO_UDP_L4: u8 = 5;

const MAX_TOTAL: u32 = 65535;
const TCP_FIN_PSH: u8 = 0x09;
const TCP_ACK: u8 = 0x10, TCP_ECE: u8 = 0x40;

/** Native address of byte 0 of the arena: what an iovec must hold instead of an offset. */
let nativeBase: u64 = 0;

export function setNativeBase(low: u32, high: u32): void {
  nativeBase = (<u64>high << 32) | <u64>low;
}

/** One entry of a gather list: `length` bytes at `at`. */
export function writeIovec(entry: usize, at: usize, length: u32): void {
  store<u64>(entry, nativeBase + <u64>at);
  store<u64>(entry, <u64>length, 8);
}

// @ts-ignore: decorator
@inline
function setIovec(slot: usize, index: u32, at: usize, length: u32): void {
  writeIovec(slot + IOVEC + <usize>(index << 4), at, length);
}

/**
 * Starts a slot with one packet, whose IP header the caller has checked.
 *
 * @param ip start of the packet, with at least 10 bytes of ours in front of it
 * @param length bytes of the packet
 * @param maxTcp most packets of a TCP super-packet
 * @param maxUdp the same for UDP; below 2 when the kernel takes no UDP super-packets
 * @returns 1 when later packets may join it, 0 when it is to be written as it is
 */
export function openSlot(slot: usize, ip: usize, length: u32, maxTcp: u32, maxUdp: u32): u32 {
  store<u32>(slot, <u32>ip, FIRST);
  store<u32>(slot, length, LENGTH);
  store<u32>(slot, 1, COUNT);
  store<u32>(slot, 0, OPEN);
  store<u32>(slot, 0, VERIFIED);
  store<u32>(slot, 0, END_FLAGS);
  setIovec(slot, 0, ip - VNET_BYTES, length + <u32>VNET_BYTES);

  const v6 = load<u8>(ip) >> 4 == 6;
  let flags: u32 = v6 ? FLAG_V6 : 0;
  let l4: u32 = 20;
  if (v6) l4 = 40;
  // For `isSameFlow`, whatever becomes of the slot.
  store<u32>(slot, flags, FLAGS);
  store<u32>(slot, l4, L4);

  let protocol: u8;
  if (v6) {
    protocol = load<u8>(ip, 6);
  } else {
    // Options, or a fragment: MF set or an offset.
    if (load<u8>(ip) != 0x45 || (load<u16>(ip, 6) & 0xff3f) != 0) return 0;
    protocol = load<u8>(ip, 9);
  }
  const transport = ip + l4;
  let headers: u32;
  if (protocol == 6) {
    if (length < l4 + 20) return 0;
    headers = l4 + (<u32>(load<u8>(transport, 12) >> 4) << 2);
    if (headers < l4 + 20 || length <= headers) return 0;
    // Only ACK, and an echo of congestion: SYN, RST, URG, CWR, PSH, FIN stand for themselves.
    if ((load<u8>(transport, 13) & ~TCP_ECE) != TCP_ACK) return 0;
    store<u32>(slot, bswap<u32>(load<u32>(transport, 4)) + (length - headers), NEXT_SEQ);
    store<u32>(slot, maxTcp, MAX_COUNT);
    if (maxTcp < 2) return 0;
  } else if (protocol == 17) {
    headers = l4 + 8;
    if (maxUdp < 2 || length <= headers) return 0;
    if (bswap<u16>(load<u16>(transport, 4)) != <u16>(length - l4) || load<u16>(transport, 6) == 0) return 0;
    flags |= FLAG_UDP;
    store<u32>(slot, maxUdp, MAX_COUNT);
  } else {
    return 0;
  }
  store<u32>(slot, headers, HEADERS);
  store<u32>(slot, length - headers, SIZE);
  store<u32>(slot, length - headers, TOTAL);
  store<u32>(slot, flags, FLAGS);
  const open: u32 = headers + ((length - headers) << 1) <= MAX_TOTAL ? 1 : 0;
  store<u32>(slot, open, OPEN);
  return open;
}

/** 1 while the slot may grow. */
export function isOpen(slot: usize): u32 {
  return load<u32>(slot, OPEN);
}

/** No packet joins the slot any more. */
export function closeSlot(slot: usize): void {
  store<u32>(slot, 0, OPEN);
}

/** True when the packet at `ip` is of the flow of the slot: same addresses, protocol and ports. */
export function isSameFlow(slot: usize, ip: usize): bool {
  const first: usize = load<u32>(slot, FIRST);
  const l4 = load<u32>(slot, L4);
  if (load<u8>(first) >> 4 != load<u8>(ip) >> 4) return false;
  if (load<u32>(slot, FLAGS) & FLAG_V6) {
    return load<u8>(first, 6) == load<u8>(ip, 6)
      && !v128.any_true(v128.xor(v128.load(first, 8), v128.load(ip, 8)))
      && !v128.any_true(v128.xor(v128.load(first, 24), v128.load(ip, 24)))
      && load<u32>(first + l4) == load<u32>(ip + l4);
  }
  return load<u8>(first, 9) == load<u8>(ip, 9) && load<u64>(first, 12) == load<u64>(ip, 12)
    && load<u32>(first + l4) == load<u32>(ip + l4);
}

/**
 * Takes as many of the datagrams from `at` on as continue the slot. A datagram continues it when its outer header is
 * byte for byte that of the first (so every check that the first passed holds for it too), its IP and transport headers
 * differ only where consecutive packets may, and its checksums are right: the kernel will not check them again.
 *
 * @param at start of the first datagram to try
 * @param stride bytes from one datagram to the next
 * @param bytes bytes of all of them; the last may be shorter than `stride`
 * @param outer bytes in front of the IP packet in each
 * @returns number of datagrams taken
 */
export function extend(slot: usize, at: usize, stride: u32, bytes: u32, outer: u32): u32 {
  if (!load<u32>(slot, OPEN)) return 0;
  const first: usize = load<u32>(slot, FIRST);
  const flags = load<u32>(slot, FLAGS);
  const v6 = (flags & FLAG_V6) != 0;
  const udp = (flags & FLAG_UDP) != 0;
  const l4 = load<u32>(slot, L4);
  const headers = load<u32>(slot, HEADERS);
  const size = load<u32>(slot, SIZE);
  const maxCount = load<u32>(slot, MAX_COUNT);
  const outerFirst = first - outer;
  const firstL4 = first + l4;
  const protocol: u32 = udp ? 17 : 6;
  const optionsEnd = headers - l4;
  const checkId = !v6 && !(load<u8>(first, 6) & 0x40);
  const firstId = <u32>bswap<u16>(load<u16>(first, 4));

  let count = load<u32>(slot, COUNT);
  let total = load<u32>(slot, TOTAL);
  let nextSeq = load<u32>(slot, NEXT_SEQ);
  let open = true;
  let taken: u32 = 0;

  while (open && bytes > outer + headers) {
    const datagram = bytes < stride ? bytes : stride;
    const ip = at + outer;
    const length = datagram - outer;
    if (length <= headers) break;
    const part = length - headers;
    if (part > size) break;
    if (!isSame(outerFirst, at, outer)) break;

    if (v6) {
      // Everything but the payload length, which must be what was received.
      if (load<u32>(first) != load<u32>(ip) || load<u16>(first, 6) != load<u16>(ip, 6)) break;
      if (v128.any_true(v128.xor(v128.load(first, 8), v128.load(ip, 8)))) break;
      if (v128.any_true(v128.xor(v128.load(first, 24), v128.load(ip, 24)))) break;
      if (<u32>bswap<u16>(load<u16>(ip, 4)) != length - 40) break;
    } else {
      // Everything but length, identification and checksum. Without DF the identifications must count up, because they
      // will when the super-packet is cut again (RFC 6864 frees them only for packets that are never fragmented).
      if (load<u16>(first) != load<u16>(ip) || load<u32>(first, 6) != load<u32>(ip, 6)) break;
      if (load<u64>(first, 12) != load<u64>(ip, 12)) break;
      if (<u32>bswap<u16>(load<u16>(ip, 2)) != length) break;
      if (checkId && <u32>bswap<u16>(load<u16>(ip, 4)) != ((firstId + count) & 0xffff)) break;
      if (!isRight(ip, 20, 0)) break;
    }

    const transport = ip + l4;
    if (load<u32>(firstL4) != load<u32>(transport)) break;
    let end: u8 = 0;
    if (udp) {
      if (<u32>bswap<u16>(load<u16>(transport, 4)) != length - l4 || load<u16>(transport, 6) == 0) break;
    } else {
      if (bswap<u32>(load<u32>(transport, 4)) != nextSeq) break;
      // Acknowledgement number; data offset, flags except FIN and PSH; window; urgent pointer; options.
      end = load<u8>(transport, 13) & TCP_FIN_PSH;
      if (load<u32>(firstL4, 8) != load<u32>(transport, 8)) break;
      if (load<u8>(firstL4, 12) != load<u8>(transport, 12)) break;
      if (load<u8>(firstL4, 13) != (load<u8>(transport, 13) & ~TCP_FIN_PSH)) break;
      if (load<u16>(firstL4, 14) != load<u16>(transport, 14) || load<u16>(firstL4, 18) != load<u16>(transport, 18)) break;
      let option: u32 = 20;
      while (option < optionsEnd && load<u32>(firstL4 + option) == load<u32>(transport + option)) option += 4;
      if (option < optionsEnd) break;
    }
    if (!isRight(transport, length - l4, pseudoHeader(ip, v6, protocol, length - l4))) break;
    if (!load<u32>(slot, VERIFIED)) {
      const firstLength = load<u32>(slot, LENGTH) - l4;
      if (!isRight(firstL4, firstLength, pseudoHeader(first, v6, protocol, firstLength)) || (!v6 && !isRight(first, 20, 0))) {
        open = false;
        break;
      }
      store<u32>(slot, 1, VERIFIED);
    }

    setIovec(slot, count, transport + optionsEnd, part);
    count++;
    total += part;
    nextSeq += part;
    taken++;
    if (end) store<u32>(slot, <u32>end, END_FLAGS);
    // A shorter packet is the last of a super-packet; so is one that carries FIN or PSH.
    if (part < size || end || count == maxCount || headers + total + size > MAX_TOTAL) open = false;
    at += datagram;
    bytes -= datagram;
  }
  store<u32>(slot, count, COUNT);
  store<u32>(slot, total, TOTAL);
  store<u32>(slot, nextSeq, NEXT_SEQ);
  store<u32>(slot, open ? 1 : 0, OPEN);
  return taken;
}

// @ts-ignore: decorator
@inline
function isSame(a: usize, b: usize, length: u32): bool {
  let i: u32 = 0;
  for (; i + 8 <= length; i += 8) if (load<u64>(a + i) != load<u64>(b + i)) return false;
  for (; i + 2 <= length; i += 2) if (load<u16>(a + i) != load<u16>(b + i)) return false;
  return true;
}

/**
 * What a peer that is the kernel of this same machine sends (a vxlan device, joined by veth pairs) has never met the
 * device that its checksum and its segmentation were left to: the checksum field holds the sum of the pseudo header, and
 * what looks like one TCP packet may be as long as a super-packet. Our kernel takes both over, as from a device. A whole
 * checksum that happens to be that very number is made again, and no worse for it.
 */
function finishLone(vnet: usize, ip: usize, length: u32, mtu: u32): void {
  const v6 = load<u8>(ip) >> 4 == 6;
  const protocol: u32 = v6 ? load<u8>(ip, 6) : load<u8>(ip, 9);
  const tcp = protocol == 6;
  if (!tcp && protocol != 17) return;
  if (!v6 && (load<u8>(ip) != 0x45 || (load<u16>(ip, 6) & 0xff3f) != 0)) return;
  const l4: u32 = v6 ? 40 : 20;
  const transport = ip + l4;
  const field: u16 = tcp ? 16 : 6;
  if (length < l4 + (tcp ? 20 : 8)) return;
  if (<u32>load<u16>(transport + field) != fold(pseudoHeader(ip, v6, protocol, length - l4))) return;
  store<u8>(vnet, VNET_NEEDS_CSUM);
  store<u16>(vnet, <u16>l4, 6);
  store<u16>(vnet, field, 8);
  const headers = l4 + (<u32>(load<u8>(transport, 12) >> 4) << 2);
  if (!tcp || length <= mtu || headers < l4 + 20 || headers >= mtu) return;
  store<u8>(vnet, v6 ? VNET_GSO_TCPV6 : VNET_GSO_TCPV4, 1);
  store<u16>(vnet, <u16>headers, 2);
  store<u16>(vnet, <u16>(mtu - headers), 4);
}

/**
 * Makes the gather list ready for the TUN device: the virtio_net_hdr in front of the first packet, and, when there is
 * more than one, lengths, IPv4 checksum and the pseudo header sum where the kernel expects it.
 *
 * @param mtu of the TUN device
 * @returns number of iovecs, which stand at `slot + 64`
 */
export function finishSlot(slot: usize, mtu: u32): u32 {
  const first: usize = load<u32>(slot, FIRST);
  const vnet = first - VNET_BYTES;
  const count = load<u32>(slot, COUNT);
  store<u64>(vnet, 0);
  store<u16>(vnet, 0, 8);
  if (count == 1) {
    finishLone(vnet, first, load<u32>(slot, LENGTH), mtu);
    return 1;
  }

  const flags = load<u32>(slot, FLAGS);
  const v6 = (flags & FLAG_V6) != 0;
  const udp = (flags & FLAG_UDP) != 0;
  const l4 = load<u32>(slot, L4);
  const headers = load<u32>(slot, HEADERS);
  const total = load<u32>(slot, TOTAL);
  const transport = first + l4;
  const field: u16 = udp ? 6 : 16;
  const transportLength = headers - l4 + total;

  store<u8>(vnet, VNET_NEEDS_CSUM);
  store<u8>(vnet, udp ? VNET_GSO_UDP_L4 : v6 ? VNET_GSO_TCPV6 : VNET_GSO_TCPV4, 1);
  store<u16>(vnet, <u16>headers, 2);
  store<u16>(vnet, <u16>load<u32>(slot, SIZE), 4);
  store<u16>(vnet, <u16>l4, 6);
  store<u16>(vnet, field, 8);

  if (v6) {
    store<u16>(first, bswap<u16>(<u16>(headers - 40 + total)), 4);
  } else {
    store<u16>(first, bswap<u16>(<u16>(headers + total)), 2);
    store<u16>(first, 0, 10);
    store<u16>(first, <u16>(~fold(sumBytes(first, 20, 0))), 10);
  }
  if (udp) store<u16>(transport, bswap<u16>(<u16>transportLength), 4);
  else store<u8>(transport, load<u8>(transport, 13) | <u8>load<u32>(slot, END_FLAGS), 13);
  store<u16>(transport + field, <u16>fold(pseudoHeader(first, v6, udp ? 17 : 6, transportLength)));
  return count;
}
