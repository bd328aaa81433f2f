import { finishChecksum, sumBytes } from "./checksum.ts";
import { readU16, readU32, writeU16, writeU32 } from "./field.ts";

/**
 * IPv4 (RFC 791 §3.1).
 *
 *      0               8               16      19                     31
 *     ┌───────┬───────┬───────────────┬───────────────────────────────┐
 *   0 │   4   │  IHL  │ DSCP      ECN │         total length          │
 *     ├───────┴───────┴───────────────┼──┬──┬──┬──────────────────────┤
 *   4 │        identification         │ 0│DF│MF│   fragment offset    │
 *     ├───────────────┬───────────────┼──┴──┴──┴──────────────────────┤
 *   8 │ time to live  │   protocol    │        header checksum        │
 *     ├───────────────┴───────────────┴───────────────────────────────┤
 *  12 │                            source                             │
 *  16 │                          destination                          │
 *  20 │                  options, (IHL - 5) × 4 bytes                 │
 *     └───────────────────────────────────────────────────────────────┘
 */
export const IPV4_VERSION_IHL = 0;
export const IPV4_TOS = 1;
export const IPV4_TOTAL_LENGTH = 2;
export const IPV4_ID = 4;
export const IPV4_FRAGMENT = 6;
export const IPV4_TTL = 8;
export const IPV4_PROTOCOL = 9;
export const IPV4_CHECKSUM = 10;
export const IPV4_SRC = 12;
export const IPV4_DST = 16;
/** Header without options. */
export const IPV4_HEADER = 20;

export const IPV4_DONT_FRAGMENT = 0x4000;
export const IPV4_MORE_FRAGMENTS = 0x2000;
const FRAGMENT_OFFSET = 0x1fff;

/**
 * Header length (20–60) of the packet in `length` bytes at `offset`, 0 when it is malformed: not version 4, a header or
 * a total length that does not fit. Bytes after the total length are allowed: Ethernet pads. The header checksum is not
 * looked at; the kernel behind the TUN device does that.
 */
export function checkIpv4(buf: Uint8Array, offset: number, length: number): number {
  if (length < IPV4_HEADER || buf[offset]! >>> 4 !== 4) return 0;
  const header = ipv4HeaderLength(buf, offset);
  const total = ipv4TotalLength(buf, offset);
  return header >= IPV4_HEADER && header <= total && total <= length ? header : 0;
}

export function ipv4HeaderLength(buf: Uint8Array, offset: number): number {
  return (buf[offset + IPV4_VERSION_IHL]! & 0x0f) << 2;
}

export function ipv4TotalLength(buf: Uint8Array, offset: number): number {
  return readU16(buf, offset + IPV4_TOTAL_LENGTH);
}

export function ipv4Id(buf: Uint8Array, offset: number): number {
  return readU16(buf, offset + IPV4_ID);
}

export function ipv4Ttl(buf: Uint8Array, offset: number): number {
  return buf[offset + IPV4_TTL]!;
}

export function ipv4Protocol(buf: Uint8Array, offset: number): number {
  return buf[offset + IPV4_PROTOCOL]!;
}

/** Source address as an unsigned 32-bit number. */
export function ipv4Src(buf: Uint8Array, offset: number): number {
  return readU32(buf, offset + IPV4_SRC);
}

/** Destination address as an unsigned 32-bit number. */
export function ipv4Dst(buf: Uint8Array, offset: number): number {
  return readU32(buf, offset + IPV4_DST);
}

export function ipv4DontFragment(buf: Uint8Array, offset: number): boolean {
  return (readU16(buf, offset + IPV4_FRAGMENT) & IPV4_DONT_FRAGMENT) !== 0;
}

/** True for every piece of a fragmented packet, the first one included. */
export function ipv4IsFragment(buf: Uint8Array, offset: number): boolean {
  return (readU16(buf, offset + IPV4_FRAGMENT) & (IPV4_MORE_FRAGMENTS | FRAGMENT_OFFSET)) !== 0;
}

/** True for pieces that do not begin with the transport header. */
export function ipv4IsLaterFragment(buf: Uint8Array, offset: number): boolean {
  return (readU16(buf, offset + IPV4_FRAGMENT) & FRAGMENT_OFFSET) !== 0;
}

export interface Ipv4Fields {
  readonly tos: number;
  readonly totalLength: number;
  readonly id: number;
  /** `IPV4_DONT_FRAGMENT`, `IPV4_MORE_FRAGMENTS` and the offset in units of 8 bytes, or-ed. */
  readonly fragment: number;
  readonly ttl: number;
  readonly protocol: number;
  readonly src: number;
  readonly dst: number;
}

/** Writes the 20 bytes of a header without options, with its checksum. */
export function encodeIpv4(buf: Uint8Array, offset: number, fields: Ipv4Fields): void {
  buf[offset + IPV4_VERSION_IHL] = 0x45;
  buf[offset + IPV4_TOS] = fields.tos;
  writeU16(buf, offset + IPV4_TOTAL_LENGTH, fields.totalLength);
  writeU16(buf, offset + IPV4_ID, fields.id);
  writeU16(buf, offset + IPV4_FRAGMENT, fields.fragment);
  buf[offset + IPV4_TTL] = fields.ttl;
  buf[offset + IPV4_PROTOCOL] = fields.protocol;
  writeU16(buf, offset + IPV4_CHECKSUM, 0);
  writeU32(buf, offset + IPV4_SRC, fields.src);
  writeU32(buf, offset + IPV4_DST, fields.dst);
  writeU16(buf, offset + IPV4_CHECKSUM, finishChecksum(sumBytes(buf, offset, IPV4_HEADER)));
}
