import type { IpFamily } from "../net/address.ts";

/**
 * The ruler: the only place where header sizes are added.
 *
 *     ◄─────────────────────────── underlay MTU ────────────────────────────►
 *               ◄────────── UDP datagram ──────────────────────────────────►
 *                       ◄───── what Warren writes ─────►
 *     ┌─────────┬───────┬────────────┬─────────────────┬───────────────────┐
 *     │ outer IP│  UDP  │   VXLAN    │ inner Ethernet  │ inner IP packet   │
 *     │ 20 / 40 │   8   │     8      │       14        │ ≤ overlay MTU     │
 *     └─────────┴───────┴────────────┴─────────────────┴───────────────────┘
 *     ◄──────── 50 over IPv4, 70 over IPv6 ───────────►
 *
 * and sealed (WireGuard paper §5.4.6), where what is sealed is padded to a multiple of 16, but never beyond the overlay MTU:
 *
 *     ┌─────────┬───────┬────────────┬─────────────────────────────────────┬─────┐
 *     │ outer IP│  UDP  │ transport  │ inner IP packet                     │ tag │
 *     │ 20 / 40 │   8   │    16      │ ≤ overlay MTU                       │ 16  │
 *     └─────────┴───────┴────────────┴─────────────────────────────────────┴─────┘
 *     ◄── 44 over IPv4, 64 over IPv6 ►                           and 16 more ◄────►
 *
 * The underlay's own Ethernet header is not part of its MTU and so not of the sum.
 */
const OUTER_IPV4 = 20;
const OUTER_IPV6 = 40;
const UDP = 8;
const VXLAN = 8;
const INNER_ETHERNET = 14;

/** What is written in front of an inner packet by us; the kernel's socket adds UDP and outer IP. */
export const VXLAN_ENCAPSULATION = VXLAN + INNER_ETHERNET;

/** In front of what is sealed: type, receiver index, counter. Behind it: the tag of either cipher. */
export const SEALED_HEADER = 16;
export const SEALED_TAG = 16;
/** What is sealed is as long as a multiple of this. */
const SEALED_UNIT = 16;

/** How packets between nodes travel: as VXLAN, or sealed. */
export type Framing = "plain" | "sealed";

/** Zero bytes behind a packet of `length` bytes before it is sealed, so that less can be told from lengths. */
export function sealedPadding(length: number, overlayMtu: number): number {
  const padded = (length + SEALED_UNIT - 1) & -SEALED_UNIT;
  return padded > overlayMtu ? Math.max(0, overlayMtu - length) : padded - length;
}

/**
 * Bytes the arena keeps free in front of every inner packet:
 *
 *     0                        42        50              64
 *     ├───────── free ─────────┼ VXLAN 8 ┼─ Ethernet 14 ─┼─ inner IP packet …   as UDP sends and receives it
 *     ├───────────── free ──────────────────┼─ vnet hdr ──┼─ inner IP packet …   as TUN reads and writes it
 *                                           54            64
 *
 * The TUN device's own header (10 bytes) is read before the encapsulation overwrites it. 64 rather than 22: the inner
 * packet starts on a cache line, and a sealed transport header (16 bytes) fits without a new layout.
 */
export const HEADROOM = 64;

/** Smallest MTU a link may have to carry IPv6 (RFC 8200 §5); an overlay with IPv6 pods needs at least this. */
export const MIN_IPV6_MTU = 1280;

/** Smallest MTU a link may have to carry IPv4 (RFC 791 §3.2). */
export const MIN_IPV4_MTU = 68;

/** Bytes that encapsulation takes from the underlay's MTU: 50 over IPv4 and 70 over IPv6, sealed 60 and 80. */
export function encapsulationOverhead(underlayFamily: IpFamily, framing: Framing = "plain"): number {
  const ours = framing === "plain" ? VXLAN_ENCAPSULATION : SEALED_HEADER + SEALED_TAG;
  return (underlayFamily === 4 ? OUTER_IPV4 : OUTER_IPV6) + UDP + ours;
}

/**
 * MTU of the overlay device. May be less than `MIN_IPV6_MTU`, or even negative: the caller compares, because only it
 * knows which families the pods use.
 */
export function overlayMtu(underlayMtu: number, underlayFamily: IpFamily, framing: Framing = "plain"): number {
  return underlayMtu - encapsulationOverhead(underlayFamily, framing);
}
