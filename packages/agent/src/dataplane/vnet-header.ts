/**
 * virtio_net_hdr (VIRTIO 1.3 §5.1.6), which a TUN device with IFF_VNET_HDR puts in front of every packet, in the byte
 * order of the host (little-endian on all we run on).
 *
 *      0     1        2        4        6          8           10
 *     ┌─────┬────────┬────────┬────────┬──────────┬───────────┬─ IP packet
 *     │flags│gso_type│hdr_len │gso_size│csum_start│csum_offset│
 *     └─────┴────────┴────────┴────────┴──────────┴───────────┴─
 */
export const VNET_HEADER = 10;
export const VNET_FLAGS = 0;
export const VNET_GSO_TYPE = 1;
export const VNET_HDR_LEN = 2;
export const VNET_GSO_SIZE = 4;
export const VNET_CSUM_START = 6;
export const VNET_CSUM_OFFSET = 8;

/** The transport checksum is left to the device; its field holds the sum of the pseudo header. */
export const VNET_NEEDS_CSUM = 1;

export const VNET_GSO_NONE = 0;
export const VNET_GSO_TCPV4 = 1;
export const VNET_GSO_TCPV6 = 4;
export const VNET_GSO_UDP_L4 = 5;
/** Flag in gso_type: CWR is set in the first segment. */
export const VNET_GSO_ECN = 0x80;

export function vnetU16(buf: Uint8Array, at: number): number {
  return buf[at]! | (buf[at + 1]! << 8);
}
