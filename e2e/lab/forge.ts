/** VXLAN datagrams built by hand from the RFCs, with any field wrong: what an attacker or a broken peer would send. */
import { parseAddress } from "@warren/common/net/address.ts";
import { parseMac } from "@warren/common/net/mac.ts";
import {
  checksum,
  finishChecksum,
  pseudoHeaderSum4,
  pseudoHeaderSum6,
  sumBytes,
} from "@warren/common/wire/checksum.ts";

export interface ForgedDatagram {
  readonly vni: number;
  /** First byte of the VXLAN header; 0x08 is the I flag (RFC 7348 §5). */
  readonly flags?: number;
  readonly destinationMac: string;
  readonly sourceMac?: string;
  readonly etherType?: number;
  /** The packet inside the Ethernet frame. */
  readonly inner: Uint8Array;
}

/** VXLAN header, Ethernet header, packet: the payload of one UDP datagram. */
export function forgeVxlan(fields: ForgedDatagram): Buffer {
  const { vni, flags = 0x08, destinationMac, sourceMac = "02:00:00:00:00:99", inner } = fields;
  const etherType = fields.etherType ?? (inner[0]! >> 4 === 6 ? 0x86dd : 0x0800);
  const header = Buffer.alloc(20);
  header.writeUInt8(flags, 0);
  header.writeUIntBE(vni, 4, 3);
  header.set(parseMac(destinationMac), 8);
  header.set(parseMac(sourceMac), 14);
  return Buffer.concat([header, Buffer.from([etherType >> 8, etherType & 0xff]), inner]);
}

export interface ForgedUdp {
  readonly source: string;
  readonly destination: string;
  readonly port: number;
  readonly payload: string;
}

const UDP = 17;

/** An IPv4 or IPv6 packet with a UDP datagram, all lengths and checksums right. */
export function forgeUdpPacket({ source, destination, port, payload }: ForgedUdp): Buffer {
  const [from, to] = [parseAddress(source), parseAddress(destination)];
  const udp = Buffer.concat([Buffer.alloc(8), Buffer.from(payload)]);
  udp.writeUInt16BE(40_000, 0);
  udp.writeUInt16BE(port, 2);
  udp.writeUInt16BE(udp.length, 4);
  const header = from.family === 4 ? ipv4Header(udp.length) : ipv6Header(udp.length);
  header.set(from.bytes, from.family === 4 ? 12 : 8);
  header.set(to.bytes, from.family === 4 ? 16 : 24);
  if (from.family === 4) header.writeUInt16BE(checksum(header, 0, 20), 10);
  const pseudo = from.family === 4 ? pseudoHeaderSum4 : pseudoHeaderSum6;
  udp.writeUInt16BE(finishChecksum(sumBytes(udp, 0, udp.length, pseudo(header, 0, UDP, udp.length))), 6);
  return Buffer.concat([header, udp]);
}

function ipv4Header(payload: number): Buffer {
  const header = Buffer.alloc(20);
  header.writeUInt8(0x45, 0);
  header.writeUInt16BE(20 + payload, 2);
  header.writeUInt8(64, 8);
  header.writeUInt8(UDP, 9);
  return header;
}

function ipv6Header(payload: number): Buffer {
  const header = Buffer.alloc(40);
  header.writeUInt8(0x60, 0);
  header.writeUInt16BE(payload, 4);
  header.writeUInt8(UDP, 6);
  header.writeUInt8(64, 7);
  return header;
}
