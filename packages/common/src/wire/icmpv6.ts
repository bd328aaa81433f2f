import { finishChecksum, pseudoHeaderSum6, sumBytes } from "./checksum.ts";
import { writeU16, writeU32 } from "./field.ts";
import { PROTOCOL_ICMPV6 } from "./ip-protocol.ts";

/**
 * ICMP for IPv6 (RFC 4443 §2.1). The checksum covers the pseudo header too.
 *
 *      0               8               16                             31
 *     ┌───────────────┬───────────────┬───────────────────────────────┐
 *   0 │     type      │     code      │           checksum            │
 *   4 │                       depends on the type                     │
 *     └───────────────────────────────────────────────────────────────┘
 */
export const ICMPV6_TYPE = 0;
export const ICMPV6_CODE = 1;
export const ICMPV6_CHECKSUM = 2;
export const ICMPV6_REST = 4;
export const ICMPV6_HEADER = 8;

/** The MTU is in the last 32 bits of the header (RFC 4443 §3.2). */
export const ICMPV6_PACKET_TOO_BIG = 2;
export const ICMPV6_ECHO_REQUEST = 128;
export const ICMPV6_ECHO_REPLY = 129;
const REDIRECT = 137;

export function checkIcmpv6(_buf: Uint8Array, _offset: number, length: number): boolean {
  return length >= ICMPV6_HEADER;
}

export function icmpv6Type(buf: Uint8Array, offset: number): number {
  return buf[offset + ICMPV6_TYPE]!;
}

export function icmpv6Code(buf: Uint8Array, offset: number): number {
  return buf[offset + ICMPV6_CODE]!;
}

/** True for types about which no error may be sent: errors, which have the high bit clear, and redirects (§2.4 e). */
export function isIcmpv6Error(type: number): boolean {
  return type < 128 || type === REDIRECT;
}

export interface Icmpv6Fields {
  readonly type: number;
  readonly code: number;
  /** The last 32 bits of the header. */
  readonly rest: number;
}

/**
 * Writes the 8 bytes of the header, and the checksum over the pseudo header, them, and the `payloadLength` bytes already
 * behind them.
 *
 * @param ipOffset Where the IPv6 header is, already written.
 */
export function encodeIcmpv6(
  buf: Uint8Array,
  offset: number,
  ipOffset: number,
  payloadLength: number,
  fields: Icmpv6Fields,
): void {
  const length = ICMPV6_HEADER + payloadLength;
  buf[offset + ICMPV6_TYPE] = fields.type;
  buf[offset + ICMPV6_CODE] = fields.code;
  writeU16(buf, offset + ICMPV6_CHECKSUM, 0);
  writeU32(buf, offset + ICMPV6_REST, fields.rest);
  const sum = sumBytes(buf, offset, length, pseudoHeaderSum6(buf, ipOffset, PROTOCOL_ICMPV6, length));
  writeU16(buf, offset + ICMPV6_CHECKSUM, finishChecksum(sum));
}
