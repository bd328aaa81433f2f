/** UDP datagrams out of a capture file: for tests that send again what was once on the wire. */
import { readFileSync } from "node:fs";
import { WarrenError } from "@warren/common/errors/warren-error.ts";

export interface CapturedDatagram {
  readonly sourcePort: number;
  readonly destinationPort: number;
  readonly payload: Buffer;
}

const FILE_HEADER = 24;
const RECORD_HEADER = 16;
const CAPTURED_LENGTH = 8;
const MAGIC_LITTLE_ENDIAN = 0xa1b2c3d4;
const ETHERNET = 14;
const UDP = 17;

/**
 * The datagrams of a pcap file (little-endian, Ethernet, as tcpdump writes it here) in their order. Frames that are no
 * whole UDP over IPv4 or IPv6 without extension headers are left out.
 */
export function readDatagrams(path: string): CapturedDatagram[] {
  const file = readFileSync(path);
  if (file.length < FILE_HEADER || file.readUInt32LE(0) !== MAGIC_LITTLE_ENDIAN)
    throw new WarrenError("usage", `${path} is no pcap file of tcpdump`);
  const found: CapturedDatagram[] = [];
  for (let at = FILE_HEADER; at + RECORD_HEADER <= file.length; ) {
    const length = file.readUInt32LE(at + CAPTURED_LENGTH);
    const frame = file.subarray(at + RECORD_HEADER, at + RECORD_HEADER + length);
    const datagram = udpOf(frame);
    if (datagram) found.push(datagram);
    at += RECORD_HEADER + length;
  }
  return found;
}

function udpOf(frame: Buffer): CapturedDatagram | null {
  const version = frame.length > ETHERNET ? frame[ETHERNET]! >>> 4 : 0;
  const isUdp = version === 4 ? frame[ETHERNET + 9] === UDP : version === 6 && frame[ETHERNET + 6] === UDP;
  if (!isUdp) return null;
  const at = ETHERNET + (version === 4 ? (frame[ETHERNET]! & 0xf) * 4 : 40);
  const end = at + (at + 8 <= frame.length ? frame.readUInt16BE(at + 4) : Infinity);
  if (end > frame.length) return null;
  return {
    sourcePort: frame.readUInt16BE(at),
    destinationPort: frame.readUInt16BE(at + 2),
    payload: frame.subarray(at + 8, end),
  };
}
