import { fold, moveUpAndSum, onWire, pseudoHeader, sumBytes, word } from "./checksum";

// @ts-ignore: decorator
@inline
export const FLAG_V6: u32 = 1;
// @ts-ignore: decorator
@inline
export const FLAG_UDP: u32 = 2;

const TCP_FIN_PSH: u32 = 0x09;
const TCP_CWR: u32 = 0x80;

/**
 * Cuts a super-packet into packets, in place. Before and after:
 *
 *   base ┌───────┬──────────────┬─────────┬─────────┬─────────┐
 *        │ outer │ IP, TCP/UDP  │ payload │ payload │ payload │
 *        └───────┴──────────────┴─────────┴─────────┴─────────┘
 *        ┌───────┬────┬─────────┬───────┬────┬─────────┬───────┬────┬──
 *        │ outer │ hd │ payload │ outer │ hd │ payload │ outer │ hd │ …      stride = outer + headers + size + tail
 *        └───────┴────┴─────────┴───────┴────┴─────────┴───────┴────┴──
 *
 * With a `tail`, that many zero bytes follow each packet: its padding, and room for the tag of what will be sealed.
 *
 * It works from the last packet to the first, because everything moves up. Each packet gets its own lengths, IPv4
 * identification, sequence number, flags and checksums; `outer` bytes are copied as they are. The caller has checked
 * that the headers lie within `length` and that there is room for `packets × stride` bytes.
 *
 * @param length bytes of the inner super-packet
 * @param l4 offset of the TCP or UDP header in it
 * @param headers offset of the payload in it
 * @param size payload bytes of each packet; the last has what is left
 * @param tail bytes behind each packet
 * @returns number of packets, at least 1
 */
export function segment(base: usize, outer: u32, length: u32, l4: u32, headers: u32, size: u32, tail: u32, flags: u32): u32 {
  const v6 = (flags & FLAG_V6) != 0;
  const udp = (flags & FLAG_UDP) != 0;
  const protocol: u32 = udp ? 17 : 6;
  const payload = length - headers;
  const count: u32 = payload > size ? (payload + size - 1) / size : 1;
  const stride = outer + headers + size + tail;
  const front = outer + headers;
  const ip = base + outer;
  const transport = ip + l4;
  const checksumField: u32 = udp ? 6 : 16;

  // What is the same in all packets is summed once: with length, identification and checksum as zero …
  const firstId = bswap<u16>(load<u16>(ip, 4));
  let ipSum: u64 = 0;
  if (!v6) {
    store<u16>(ip, 0, 2);
    store<u16>(ip, 0, 4);
    store<u16>(ip, 0, 10);
    ipSum = sumBytes(ip, l4, 0);
  }
  // … and sequence number, flags (UDP: length) and checksum as zero.
  store<u16>(transport + checksumField, 0);
  let firstSeq: u32 = 0;
  let tcpFlags: u32 = 0;
  if (udp) {
    store<u16>(transport, 0, 4);
  } else {
    firstSeq = bswap<u32>(load<u32>(transport, 4));
    tcpFlags = load<u8>(transport, 13);
    store<u32>(transport, 0, 4);
    store<u8>(transport, 0, 13);
  }
  const transportHeader = headers - l4;
  const transportSum = sumBytes(transport, transportHeader, 0) + pseudoHeader(ip, v6, protocol, 0);

  for (let i = count; i-- > 0;) {
    const offset = i * size;
    const part: u32 = i + 1 == count ? payload - offset : size;
    const to = base + <usize>(i * stride);
    let sum = transportSum + word(transportHeader + part);
    if (i) {
      sum = moveUpAndSum(to + front, base + front + offset, part, sum);
      memory.copy(to, base, front);
    } else {
      sum = sumBytes(base + front, part, sum);
    }
    const toIp = to + outer;
    const toTransport = toIp + l4;
    if (v6) {
      store<u16>(toIp, bswap<u16>(<u16>(headers - 40 + part)), 4);
    } else {
      const total = bswap<u16>(<u16>(headers + part));
      const id = bswap<u16>(<u16>(firstId + i));
      store<u16>(toIp, total, 2);
      store<u16>(toIp, id, 4);
      store<u16>(toIp, <u16>(~fold(ipSum + <u64>total + <u64>id)), 10);
    }
    if (udp) {
      const udpLength = bswap<u16>(<u16>(transportHeader + part));
      store<u16>(toTransport, udpLength, 4);
      sum += <u64>udpLength;
    } else {
      const seq = bswap<u32>(firstSeq + offset);
      // FIN and PSH belong to the last byte of the super-packet, CWR to its first (RFC 3168 §6.1.2).
      let flag = tcpFlags;
      if (i + 1 != count) flag &= ~TCP_FIN_PSH;
      if (i) flag &= ~TCP_CWR;
      store<u32>(toTransport, seq, 4);
      store<u8>(toTransport, <u8>flag, 13);
      sum += <u64>seq + (<u64>flag << 8);
    }
    store<u16>(toTransport + checksumField, onWire(sum, checksumField));
    if (tail) memory.fill(to + front + part, 0, tail);
  }
  return count;
}
