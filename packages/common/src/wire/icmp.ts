import { finishChecksum, sumBytes } from "./checksum.ts";
import { writeU16, writeU32 } from "./field.ts";

/**
 * ICMP for IPv4 (RFC 792).
 *
 *      0               8               16                             31
 *     ┌───────────────┬───────────────┬───────────────────────────────┐
 *   0 │     type      │     code      │           checksum            │
 *   4 │                       depends on the type                     │
 *     └───────────────────────────────────────────────────────────────┘
 */
export const ICMP_TYPE = 0;
export const ICMP_CODE = 1;
export const ICMP_CHECKSUM = 2;
export const ICMP_REST = 4;
export const ICMP_HEADER = 8;

export const ICMP_ECHO_REPLY = 0;
export const ICMP_DESTINATION_UNREACHABLE = 3;
export const ICMP_ECHO_REQUEST = 8;
/** Code of `ICMP_DESTINATION_UNREACHABLE`; the next hop's MTU is in the last 16 bits of the header (RFC 1191 §4). */
export const ICMP_FRAGMENTATION_NEEDED = 4;

export function checkIcmp(_buf: Uint8Array, _offset: number, length: number): boolean {
  return length >= ICMP_HEADER;
}

export function icmpType(buf: Uint8Array, offset: number): number {
  return buf[offset + ICMP_TYPE]!;
}

export function icmpCode(buf: Uint8Array, offset: number): number {
  return buf[offset + ICMP_CODE]!;
}

/**
 * True unless the type is known to be a query: about everything else no error may be sent (RFC 1122 §3.2.2), and an
 * unknown type could be one.
 */
export function isIcmpError(type: number): boolean {
  switch (type) {
    case ICMP_ECHO_REPLY:
    case ICMP_ECHO_REQUEST:
    case 9: // router advertisement, solicitation (RFC 1256)
    case 10:
    case 13: // timestamp and reply (RFC 792)
    case 14:
    case 42: // extended echo request and reply (RFC 8335)
    case 43:
      return false;
    default:
      return true;
  }
}

export interface IcmpFields {
  readonly type: number;
  readonly code: number;
  /** The last 32 bits of the header. */
  readonly rest: number;
}

/** Writes the 8 bytes of the header, and the checksum over them and the `payloadLength` bytes already behind them. */
export function encodeIcmp(buf: Uint8Array, offset: number, payloadLength: number, fields: IcmpFields): void {
  buf[offset + ICMP_TYPE] = fields.type;
  buf[offset + ICMP_CODE] = fields.code;
  writeU16(buf, offset + ICMP_CHECKSUM, 0);
  writeU32(buf, offset + ICMP_REST, fields.rest);
  writeU16(buf, offset + ICMP_CHECKSUM, finishChecksum(sumBytes(buf, offset, ICMP_HEADER + payloadLength)));
}
