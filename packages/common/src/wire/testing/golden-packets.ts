import packets from "../testdata/packets.json" with { type: "json" };

/** One row of `testdata/packets.json`: see the README there. */
export type GoldenPacket = (typeof packets)[number];

/** Every golden packet that has the layer, with that layer's field values as `fields`. */
export function goldenWith<L extends "ethernet" | "ipv4" | "ipv6" | "tcp" | "udp" | "icmp" | "icmpv6" | "vxlan">(
  layer: L,
): { name: string; bytes: Uint8Array; fields: NonNullable<GoldenPacket[L]> }[] {
  return packets.flatMap((packet) => {
    const fields = packet[layer];
    return fields ? [{ name: packet.name, bytes: golden(packet.name), fields }] : [];
  });
}

/** The bytes of the golden packet of that name. */
export function golden(name: string): Uint8Array {
  const packet = packets.find((row) => row.name === name);
  if (!packet) throw new Error(`no golden packet ${name}`);
  return Uint8Array.from(packet.hex.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}

/** What follows the IP header of a packet without IPv6 extension headers. */
export function transportOf(packet: Uint8Array): Uint8Array {
  const first = packet[0]!;
  return packet.slice(first >>> 4 === 6 ? 40 : (first & 0xf) * 4);
}
