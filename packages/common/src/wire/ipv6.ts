import { copyBytes, readU16, writeU16, writeU32 } from "./field.ts";

/**
 * IPv6 (RFC 8200 §3).
 *
 *      0       4               12      16                             31
 *     ┌───────┬───────────────┬───────────────────────────────────────┐
 *   0 │   6   │ traffic class │              flow label               │
 *     ├───────┴───────────────┴───────┬───────────────┬───────────────┤
 *   4 │        payload length         │  next header  │   hop limit   │
 *     ├───────────────────────────────┴───────────────┴───────────────┤
 *   8 │                            source                             │
 *  24 │                          destination                          │
 *     └───────────────────────────────────────────────────────────────┘
 */
export const IPV6_PAYLOAD_LENGTH = 4;
export const IPV6_NEXT_HEADER = 6;
export const IPV6_HOP_LIMIT = 7;
export const IPV6_SRC = 8;
export const IPV6_DST = 24;
export const IPV6_HEADER = 40;

const HOP_BY_HOP = 0;
const ROUTING = 43;
const FRAGMENT = 44;
const AUTHENTICATION = 51;
const DESTINATION_OPTIONS = 60;
const MOBILITY = 135;
const HIP = 139;
const SHIM6 = 140;

/** More extension headers than this are taken for an attempt to keep us busy or to hide the transport header. */
const MAX_EXTENSIONS = 8;

/**
 * 40 when `length` bytes at `offset` hold a packet, 0 when it is malformed: not version 6, or a payload length that does
 * not fit. Bytes after the payload are allowed. Jumbograms (RFC 2675) do not exist below 64 KiB.
 */
export function checkIpv6(buf: Uint8Array, offset: number, length: number): number {
  if (length < IPV6_HEADER || buf[offset]! >>> 4 !== 6) return 0;
  return ipv6TotalLength(buf, offset) <= length ? IPV6_HEADER : 0;
}

/** Header and payload. */
export function ipv6TotalLength(buf: Uint8Array, offset: number): number {
  return IPV6_HEADER + readU16(buf, offset + IPV6_PAYLOAD_LENGTH);
}

export function ipv6NextHeader(buf: Uint8Array, offset: number): number {
  return buf[offset + IPV6_NEXT_HEADER]!;
}

export function ipv6HopLimit(buf: Uint8Array, offset: number): number {
  return buf[offset + IPV6_HOP_LIMIT]!;
}

/** What `findIpv6Transport` returns when the chain leaves the packet or is too long. */
export const IPV6_NO_TRANSPORT = -1;

const LATER_FRAGMENT = 1 << 25;
const ANY_FRAGMENT = 1 << 24;

/**
 * Walks the extension headers (RFC 8200 §4) of a packet that `checkIpv6` has passed to the first header that is none.
 *
 * Returns one number, so that nothing is allocated: protocol, offset and fragment marks, to be read with
 * `transportProtocol`, `transportOffset`, `isFragment`, `isLaterFragment`; or `IPV6_NO_TRANSPORT`. In a later fragment
 * the offset is where its piece of payload begins, and the protocol is only what the fragment header claims.
 */
export function findIpv6Transport(buf: Uint8Array, offset: number): number {
  const end = ipv6TotalLength(buf, offset);
  let protocol = ipv6NextHeader(buf, offset);
  let at = IPV6_HEADER;
  let marks = 0;
  for (let count = 0; isExtension(protocol); count++) {
    if (count === MAX_EXTENSIONS || at + 8 > end) return IPV6_NO_TRANSPORT;
    const next = buf[offset + at]!;
    if (protocol === FRAGMENT) {
      // §4.5: 13 bits of offset, two reserved, one "more".
      const field = readU16(buf, offset + at + 2);
      if ((field & 0xfff9) !== 0) marks |= ANY_FRAGMENT;
      at += 8;
      // What follows in a later fragment is payload that may look like anything: the walk ends here.
      if (field >= 8) return next | (at << 8) | marks | LATER_FRAGMENT;
    } else {
      const units = buf[offset + at + 1]!;
      at += protocol === AUTHENTICATION ? (units + 2) << 2 : (units + 1) << 3; // RFC 4302 §2.2, RFC 8200 §4.2
    }
    if (at > end) return IPV6_NO_TRANSPORT;
    protocol = next;
  }
  return protocol | (at << 8) | marks;
}

function isExtension(protocol: number): boolean {
  switch (protocol) {
    case HOP_BY_HOP:
    case ROUTING:
    case FRAGMENT:
    case AUTHENTICATION:
    case DESTINATION_OPTIONS:
    case MOBILITY:
    case HIP:
    case SHIM6:
      return true;
    default:
      return false;
  }
}

/** Protocol number of what `findIpv6Transport` found. */
export function transportProtocol(found: number): number {
  return found & 0xff;
}

/** Its offset from the start of the packet: at most 40 + 8 × 2048. */
export function transportOffset(found: number): number {
  return (found >>> 8) & 0xffff;
}

/** True for every piece of a fragmented packet; an atomic fragment (RFC 6946) is a whole packet and not one. */
export function isFragment(found: number): boolean {
  return (found & ANY_FRAGMENT) !== 0;
}

export function isLaterFragment(found: number): boolean {
  return (found & LATER_FRAGMENT) !== 0;
}

export interface Ipv6Fields {
  readonly trafficClass: number;
  readonly flowLabel: number;
  readonly payloadLength: number;
  readonly nextHeader: number;
  readonly hopLimit: number;
  /** Each 16 bytes at its offset, so that an address can come out of another packet. */
  readonly src: Uint8Array;
  readonly srcOffset: number;
  readonly dst: Uint8Array;
  readonly dstOffset: number;
}

/** Writes the 40 bytes of the header. */
export function encodeIpv6(buf: Uint8Array, offset: number, fields: Ipv6Fields): void {
  writeU32(buf, offset, (6 << 28) | ((fields.trafficClass & 0xff) << 20) | (fields.flowLabel & 0xfffff));
  writeU16(buf, offset + IPV6_PAYLOAD_LENGTH, fields.payloadLength);
  buf[offset + IPV6_NEXT_HEADER] = fields.nextHeader;
  buf[offset + IPV6_HOP_LIMIT] = fields.hopLimit;
  copyBytes(buf, offset + IPV6_SRC, fields.src, fields.srcOffset, 16);
  copyBytes(buf, offset + IPV6_DST, fields.dst, fields.dstOffset, 16);
}
