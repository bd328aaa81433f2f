import { VXLAN_ENCAPSULATION } from "@warren/common/wire/overhead.ts";

/** Longest payload of one UDP send over IPv4 (65,535 less IP and UDP header); IPv6 allows 20 more, which we leave. */
export const MAX_SEND = 65_507;

export interface GsoLimit {
  /** For `ip link set … gso_max_segs`. */
  readonly maxSegments: number;
  /** For `ip link set … gso_max_size`. */
  readonly maxSize: number;
}

/**
 * How large a super-packet may be so that, cut and encapsulated, it leaves in one send. TCP makes super-packets of up
 * to 64 KiB, which with 22 bytes more for each packet is too long for one UDP send: the rest would cost a second one.
 * The limit belongs on every interface whose sockets send into the overlay: the TUN device and the pod's end of a veth
 * pair. TCP sizes by both values; a pod without them works, with more sends.
 *
 * @param overlayMtu MTU of the TUN device
 * @param maxSegments most datagrams of one UDP send on this kernel
 */
export function gsoLimit(overlayMtu: number, maxSegments: number): GsoLimit {
  const datagrams = Math.min(Math.floor(MAX_SEND / (overlayMtu + VXLAN_ENCAPSULATION)), maxSegments);
  return { maxSegments: Math.max(1, datagrams), maxSize: 65_536 };
}
