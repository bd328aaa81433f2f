import { copyBytes, readU16, writeU16 } from "./field.ts";

/**
 * Ethernet II (RFC 894; IEEE 802.3 without the preamble and the frame check sequence).
 *
 *      0      5 6     11 12 13
 *     ┌────────┬────────┬─────┬─────────
 *     │  dst   │  src   │type │ payload
 *     └────────┴────────┴─────┴─────────
 */
export const ETHERNET_DST = 0;
export const ETHERNET_SRC = 6;
export const ETHERNET_TYPE = 12;
export const ETHERNET_HEADER = 14;

export const ETHERTYPE_IPV4 = 0x0800;
export const ETHERTYPE_ARP = 0x0806;
export const ETHERTYPE_IPV6 = 0x86dd;

/** True when `length` bytes at `offset` hold the header. VLAN tags are not looked into: they show as the type. */
export function checkEthernet(_buf: Uint8Array, _offset: number, length: number): boolean {
  return length >= ETHERNET_HEADER;
}

export function etherType(buf: Uint8Array, offset: number): number {
  return readU16(buf, offset + ETHERNET_TYPE);
}

/** True when the group bit of the destination is set: multicast or broadcast (IEEE 802.3 §3.2.3). */
export function isGroupDestination(buf: Uint8Array, offset: number): boolean {
  return (buf[offset + ETHERNET_DST]! & 1) === 1;
}

export interface EthernetFields {
  /** 6 bytes. */
  readonly dst: Uint8Array;
  /** 6 bytes. */
  readonly src: Uint8Array;
  readonly etherType: number;
}

/** Writes the 14 bytes of the header. */
export function encodeEthernet(buf: Uint8Array, offset: number, fields: EthernetFields): void {
  copyBytes(buf, offset + ETHERNET_DST, fields.dst, 0, 6);
  copyBytes(buf, offset + ETHERNET_SRC, fields.src, 0, 6);
  writeU16(buf, offset + ETHERNET_TYPE, fields.etherType);
}
