import { readU16, writeU16 } from "./field.ts";

/**
 * UDP (RFC 768).
 *
 *      0                               16                             31
 *     ┌───────────────────────────────┬───────────────────────────────┐
 *   0 │          source port          │       destination port        │
 *   4 │ length, with this header      │           checksum            │
 *     └───────────────────────────────┴───────────────────────────────┘
 */
export const UDP_SRC_PORT = 0;
export const UDP_DST_PORT = 2;
export const UDP_LENGTH = 4;
export const UDP_CHECKSUM = 6;
export const UDP_HEADER = 8;

/** True when `length` bytes at `offset` hold the datagram that the length field promises. */
export function checkUdp(buf: Uint8Array, offset: number, length: number): boolean {
  if (length < UDP_HEADER) return false;
  const datagram = udpLength(buf, offset);
  return datagram >= UDP_HEADER && datagram <= length;
}

export function udpSrcPort(buf: Uint8Array, offset: number): number {
  return readU16(buf, offset + UDP_SRC_PORT);
}

export function udpDstPort(buf: Uint8Array, offset: number): number {
  return readU16(buf, offset + UDP_DST_PORT);
}

/** Header and payload. */
export function udpLength(buf: Uint8Array, offset: number): number {
  return readU16(buf, offset + UDP_LENGTH);
}

export interface UdpFields {
  readonly srcPort: number;
  readonly dstPort: number;
  /** Header and payload. */
  readonly length: number;
  readonly checksum: number;
}

/** Writes the 8 bytes of the header; the caller computes the checksum, which covers the payload. */
export function encodeUdp(buf: Uint8Array, offset: number, fields: UdpFields): void {
  writeU16(buf, offset + UDP_SRC_PORT, fields.srcPort);
  writeU16(buf, offset + UDP_DST_PORT, fields.dstPort);
  writeU16(buf, offset + UDP_LENGTH, fields.length);
  writeU16(buf, offset + UDP_CHECKSUM, fields.checksum);
}

/** A computed checksum as it is sent: 0 would mean "none", so it goes out as its other form (RFC 768, RFC 8200 §8.1). */
export function udpChecksumOnWire(checksum: number): number {
  return checksum === 0 ? 0xffff : checksum;
}
