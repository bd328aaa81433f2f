import { readU16, readU32, writeU16, writeU32 } from "./field.ts";

/**
 * TCP (RFC 9293 §3.1).
 *
 *      0       4       8               16                             31
 *     ┌───────────────────────────────┬───────────────────────────────┐
 *   0 │          source port          │       destination port        │
 *     ├───────────────────────────────┴───────────────────────────────┤
 *   4 │                        sequence number                        │
 *   8 │                     acknowledgment number                     │
 *     ├───────┬───────┬───────────────┬───────────────────────────────┤
 *  12 │ offset│   0   │CEUAPRSF flags │            window             │
 *     ├───────┴───────┴───────────────┼───────────────────────────────┤
 *  16 │           checksum            │        urgent pointer         │
 *  20 │                 options, (offset - 5) × 4 bytes               │
 *     └───────────────────────────────────────────────────────────────┘
 */
export const TCP_SRC_PORT = 0;
export const TCP_DST_PORT = 2;
export const TCP_SEQUENCE = 4;
export const TCP_ACKNOWLEDGMENT = 8;
export const TCP_DATA_OFFSET = 12;
export const TCP_FLAGS = 13;
export const TCP_WINDOW = 14;
export const TCP_CHECKSUM = 16;
export const TCP_URGENT = 18;
/** Header without options. */
export const TCP_HEADER = 20;

export const TCP_FIN = 0x01;
export const TCP_SYN = 0x02;
export const TCP_RST = 0x04;
export const TCP_PSH = 0x08;
export const TCP_ACK = 0x10;
export const TCP_URG = 0x20;
export const TCP_ECE = 0x40;
export const TCP_CWR = 0x80;

/** Header length (20–60) of the segment in `length` bytes at `offset`, 0 when the header does not fit. */
export function checkTcp(buf: Uint8Array, offset: number, length: number): number {
  if (length < TCP_HEADER) return 0;
  const header = tcpHeaderLength(buf, offset);
  return header >= TCP_HEADER && header <= length ? header : 0;
}

export function tcpSrcPort(buf: Uint8Array, offset: number): number {
  return readU16(buf, offset + TCP_SRC_PORT);
}

export function tcpDstPort(buf: Uint8Array, offset: number): number {
  return readU16(buf, offset + TCP_DST_PORT);
}

export function tcpSequence(buf: Uint8Array, offset: number): number {
  return readU32(buf, offset + TCP_SEQUENCE);
}

export function tcpAcknowledgment(buf: Uint8Array, offset: number): number {
  return readU32(buf, offset + TCP_ACKNOWLEDGMENT);
}

export function tcpHeaderLength(buf: Uint8Array, offset: number): number {
  return (buf[offset + TCP_DATA_OFFSET]! >>> 4) << 2;
}

/** The eight flags, `TCP_FIN`…`TCP_CWR`. */
export function tcpFlags(buf: Uint8Array, offset: number): number {
  return buf[offset + TCP_FLAGS]!;
}

export interface TcpFields {
  readonly srcPort: number;
  readonly dstPort: number;
  readonly sequence: number;
  readonly acknowledgment: number;
  readonly flags: number;
  readonly window: number;
  readonly checksum: number;
}

/** Writes the 20 bytes of a header without options; the caller computes the checksum, which covers the payload. */
export function encodeTcp(buf: Uint8Array, offset: number, fields: TcpFields): void {
  writeU16(buf, offset + TCP_SRC_PORT, fields.srcPort);
  writeU16(buf, offset + TCP_DST_PORT, fields.dstPort);
  writeU32(buf, offset + TCP_SEQUENCE, fields.sequence);
  writeU32(buf, offset + TCP_ACKNOWLEDGMENT, fields.acknowledgment);
  buf[offset + TCP_DATA_OFFSET] = (TCP_HEADER >>> 2) << 4;
  buf[offset + TCP_FLAGS] = fields.flags;
  writeU16(buf, offset + TCP_WINDOW, fields.window);
  writeU16(buf, offset + TCP_CHECKSUM, fields.checksum);
  writeU16(buf, offset + TCP_URGENT, 0);
}
