/**
 * Why a packet was dropped. The number indexes the counters in shared memory; the name is the label in `warren
 * status`, in metrics and in the docs. New reasons go to the end.
 */
export const DROP_REASONS = [
  /** Egress: no peer's prefix has the destination, or it is a local address that no pod has. Groups do not count. */
  "no-route",
  /** Egress: the inner source is not in a prefix of this node (a pod forged it). */
  "egress-spoof",
  /** Egress: longer than the overlay MTU and not to be fragmented; answered with ICMP "packet too big". */
  "too-big",
  /** Either: the inner packet is cut short, or a header length does not fit. */
  "malformed",
  /** Either: the inner packet is neither IPv4 nor IPv6. */
  "not-ip",
  /** Egress: the underlay refused the datagram (no route, buffer full after the bounded wait). */
  "send-failed",
  /** Ingress: shorter than a VXLAN header and an inner Ethernet header. */
  "vxlan-short",
  /** Ingress: I flag clear, or a reserved bit set (RFC 7348 §5). */
  "vxlan-flags",
  /** Ingress: another VNI. */
  "vxlan-vni",
  /** Ingress: the outer source address is no peer's. */
  "unknown-peer",
  /** Ingress: the inner source is not in a prefix of the sending peer. */
  "ingress-spoof",
  /** Ingress: the inner destination is not on this node. */
  "not-local",
  /** Ingress: the inner destination Ethernet address is not this VTEP's. */
  "wrong-mac",
  /** Ingress: the TUN device refused the packet. */
  "tun-write-failed",
  /** Egress: no session with the peer, and too many packets waited for one, or nobody answered. */
  "no-session",
  /** Ingress: no message of the WireGuard protocol. */
  "sealed-malformed",
  /** Ingress: sealed for a session that there is not, or not any more. */
  "unknown-session",
  /** Ingress: not authentic. */
  "forged",
  /** Ingress: authentic, and seen before or too old to tell. */
  "replayed",
  /** Ingress: a handshake message while more of them wait than can be worked on. */
  "handshake-flood",
] as const;

export type DropReason = (typeof DROP_REASONS)[number];
