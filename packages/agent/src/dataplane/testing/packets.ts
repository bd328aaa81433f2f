import { parseAddress } from "@warren/common/net/address.ts";
import { finishChecksum, foldSum, pseudoHeaderSum4, pseudoHeaderSum6, sumBytes } from "@warren/common/wire/checksum.ts";
import { readU16, readU32, writeU16, writeU32 } from "@warren/common/wire/field.ts";
import {
  VNET_CSUM_OFFSET,
  VNET_CSUM_START,
  VNET_FLAGS,
  VNET_GSO_SIZE,
  VNET_GSO_TCPV4,
  VNET_GSO_TCPV6,
  VNET_GSO_TYPE,
  VNET_GSO_UDP_L4,
  VNET_HDR_LEN,
  VNET_HEADER,
  VNET_NEEDS_CSUM,
  vnetU16,
} from "../vnet-header.ts";

/** A TCP or UDP packet to build; what is left out has an ordinary value. */
export interface PacketSpec {
  readonly src: string;
  readonly dst: string;
  readonly protocol: "tcp" | "udp";
  readonly payload: Uint8Array;
  readonly srcPort?: number;
  readonly dstPort?: number;
  readonly seq?: number;
  readonly ack?: number;
  readonly tcpFlags?: number;
  readonly window?: number;
  /** A multiple of 4 bytes, at most 40. */
  readonly tcpOptions?: Uint8Array;
  readonly id?: number;
  readonly dontFragment?: boolean;
  readonly tos?: number;
  readonly ttl?: number;
}

/** A whole packet with right checksums. */
export function buildPacket(spec: PacketSpec): Uint8Array {
  const src = parseAddress(spec.src);
  const dst = parseAddress(spec.dst);
  const isTcp = spec.protocol === "tcp";
  const options = spec.tcpOptions ?? new Uint8Array(0);
  const l4 = src.family === 4 ? 20 : 40;
  const transport = isTcp ? 20 + options.length : 8;
  const packet = new Uint8Array(l4 + transport + spec.payload.length);
  const protocol = isTcp ? 6 : 17;
  if (src.family === 4) {
    packet[0] = 0x45;
    packet[1] = spec.tos ?? 0;
    writeU16(packet, 2, packet.length);
    writeU16(packet, 4, spec.id ?? 0);
    writeU16(packet, 6, (spec.dontFragment ?? true) ? 0x4000 : 0);
    packet[8] = spec.ttl ?? 64;
    packet[9] = protocol;
  } else {
    writeU32(packet, 0, ((6 << 28) | ((spec.tos ?? 0) << 20)) >>> 0);
    writeU16(packet, 4, packet.length - 40);
    packet[6] = protocol;
    packet[7] = spec.ttl ?? 64;
  }
  packet.set(src.bytes, src.family === 4 ? 12 : 8);
  packet.set(dst.bytes, src.family === 4 ? 16 : 24);
  writeU16(packet, l4, spec.srcPort ?? 40_000);
  writeU16(packet, l4 + 2, spec.dstPort ?? 80);
  if (isTcp) {
    writeU32(packet, l4 + 4, spec.seq ?? 1);
    writeU32(packet, l4 + 8, spec.ack ?? 1);
    packet[l4 + 12] = (transport / 4) << 4;
    packet[l4 + 13] = spec.tcpFlags ?? 0x10;
    writeU16(packet, l4 + 14, spec.window ?? 512);
    packet.set(options, l4 + 20);
  } else {
    writeU16(packet, l4 + 4, packet.length - l4);
  }
  packet.set(spec.payload, l4 + transport);
  return completed(packet, l4, isTcp ? 16 : 6);
}

/** The same as a super-packet that is to be cut into packets of `size` payload bytes, as the kernel hands it over. */
export function buildSuperPacket(spec: PacketSpec, size: number): { vnet: Uint8Array; packet: Uint8Array } {
  const packet = buildPacket(spec);
  const isV6 = packet[0]! >>> 4 === 6;
  const isTcp = spec.protocol === "tcp";
  const l4 = isV6 ? 40 : 20;
  const field = isTcp ? 16 : 6;
  const vnet = new Uint8Array(VNET_HEADER);
  vnet[VNET_FLAGS] = VNET_NEEDS_CSUM;
  vnet[VNET_GSO_TYPE] = isTcp ? (isV6 ? VNET_GSO_TCPV6 : VNET_GSO_TCPV4) : VNET_GSO_UDP_L4;
  writeLittle(vnet, VNET_HDR_LEN, packet.length - spec.payload.length);
  writeLittle(vnet, VNET_GSO_SIZE, size);
  writeLittle(vnet, VNET_CSUM_START, l4);
  writeLittle(vnet, VNET_CSUM_OFFSET, field);
  writeU16(packet, l4 + field, foldSum(pseudoHeader(packet, l4)));
  return { vnet, packet };
}

/**
 * Cuts a super-packet the slow and obvious way, as the kernel would: the reference for the kernels of both directions.
 * A packet with a zero `vnet` comes back as it is.
 */
export function referenceSegment(vnet: Uint8Array, packet: Uint8Array): Uint8Array[] {
  const l4 = vnetU16(vnet, VNET_CSUM_START);
  const field = vnetU16(vnet, VNET_CSUM_OFFSET);
  if (vnet[VNET_FLAGS] === 0) return [packet];
  if (vnet[VNET_GSO_TYPE] === 0) return [completed(packet.slice(), l4, field)];
  const isTcp = vnet[VNET_GSO_TYPE] !== VNET_GSO_UDP_L4;
  const headers = l4 + (isTcp ? (packet[l4 + 12]! >>> 4) * 4 : 8);
  const size = vnetU16(vnet, VNET_GSO_SIZE);
  const parts: Uint8Array[] = [];
  for (let at = headers; at < packet.length; at += size) {
    const payload = packet.subarray(at, at + size);
    const part = new Uint8Array(headers + payload.length);
    part.set(packet.subarray(0, headers));
    part.set(payload, headers);
    if (packet[0]! >>> 4 === 4) {
      writeU16(part, 2, part.length);
      writeU16(part, 4, readU16(packet, 4) + parts.length);
    } else {
      writeU16(part, 4, part.length - 40);
    }
    if (isTcp) {
      writeU32(part, l4 + 4, readU32(packet, l4 + 4) + (at - headers));
      const isLast = at + size >= packet.length;
      if (!isLast) part[l4 + 13]! &= ~0x09;
      if (at > headers) part[l4 + 13]! &= ~0x80;
    } else {
      writeU16(part, l4 + 4, part.length - l4);
    }
    parts.push(completed(part, l4, field));
  }
  return parts;
}

/** True when the packet's transport checksum, and for IPv4 the header's, are right. */
export function hasRightChecksums(packet: Uint8Array): boolean {
  const isV6 = packet[0]! >>> 4 === 6;
  const l4 = isV6 ? 40 : (packet[0]! & 15) * 4;
  if (!isV6 && finishChecksum(sumBytes(packet, 0, l4)) !== 0) return false;
  return finishChecksum(sumBytes(packet, l4, packet.length - l4, pseudoHeader(packet, l4))) === 0;
}

/** The sum a checksum field holds when the device is to finish it. */
export function pseudoHeader(packet: Uint8Array, l4: number): number {
  const length = packet.length - l4;
  return packet[0]! >>> 4 === 6
    ? pseudoHeaderSum6(packet, 0, packet[6]!, length)
    : pseudoHeaderSum4(packet, 0, packet[9]!, length);
}

function completed(packet: Uint8Array, l4: number, field: number): Uint8Array {
  writeU16(packet, l4 + field, 0);
  const sum = sumBytes(packet, l4, packet.length - l4, pseudoHeader(packet, l4));
  // Zero and 0xffff are the same number; for UDP it has to be the second, because zero means "none" (RFC 768).
  writeU16(packet, l4 + field, finishChecksum(sum) || (field === 6 ? 0xffff : 0));
  if (packet[0]! >>> 4 === 4) {
    writeU16(packet, 10, 0);
    writeU16(packet, 10, finishChecksum(sumBytes(packet, 0, 20)));
  }
  return packet;
}

function writeLittle(buf: Uint8Array, at: number, value: number): void {
  buf[at] = value;
  buf[at + 1] = value >>> 8;
}
