import { ETHERNET_HEADER } from "./ethernet.ts";
import { readU24, readU32, writeU32 } from "./field.ts";

/**
 * VXLAN (RFC 7348 §5).
 *
 *      0               8                               24             31
 *     ┌─┬─┬─┬─┬─┬─┬─┬─┬───────────────────────────────────────────────┐
 *   0 │R R R R I R R R│                   reserved                    │
 *     ├─┴─┴─┴─┴─┴─┴─┴─┴───────────────────────────────┬───────────────┤
 *   4 │           VXLAN network identifier            │   reserved    │
 *     ├───────────────────────────────────────────────┴───────────────┤
 *   8 │                     inner Ethernet frame …                    │
 */
export const VXLAN_FLAGS = 0;
export const VXLAN_VNI = 4;
export const VXLAN_HEADER = 8;
/** UDP port (IANA). */
export const VXLAN_PORT = 4789;
export const MAX_VNI = 0xffffff;

/** The first word when only the I flag ("the VNI is valid") is set. */
const ONLY_I_FLAG = 0x0800_0000;

/** Verdicts of `checkVxlan`. */
export const VXLAN_OK = 0;
/** Shorter than a VXLAN header and an inner Ethernet header. */
export const VXLAN_SHORT = 1;
/** The I flag is clear, or a reserved bit is set. */
export const VXLAN_BAD_FLAGS = 2;
/** Another network. */
export const VXLAN_WRONG_VNI = 3;

export type VxlanVerdict = typeof VXLAN_OK | typeof VXLAN_SHORT | typeof VXLAN_BAD_FLAGS | typeof VXLAN_WRONG_VNI;

/**
 * Judges the UDP payload of `length` bytes at `offset`.
 *
 * RFC 7348 has receivers ignore reserved bits. Linux drops a packet that has one set, and so do we: set bits mean an
 * extension (GBP, GPE) that gives the bytes behind another meaning, and what a peer cannot have sent is not let in.
 */
export function checkVxlan(buf: Uint8Array, offset: number, length: number, vni: number): VxlanVerdict {
  if (length < VXLAN_HEADER + ETHERNET_HEADER) return VXLAN_SHORT;
  if (readU32(buf, offset + VXLAN_FLAGS) !== ONLY_I_FLAG || buf[offset + 7] !== 0) return VXLAN_BAD_FLAGS;
  return vxlanVni(buf, offset) === vni ? VXLAN_OK : VXLAN_WRONG_VNI;
}

export function vxlanVni(buf: Uint8Array, offset: number): number {
  return readU24(buf, offset + VXLAN_VNI);
}

/** Writes the 8 bytes of the header. */
export function encodeVxlan(buf: Uint8Array, offset: number, vni: number): void {
  writeU32(buf, offset + VXLAN_FLAGS, ONLY_I_FLAG);
  writeU32(buf, offset + VXLAN_VNI, vni << 8);
}
