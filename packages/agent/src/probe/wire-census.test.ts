import { encodeVxlan, VXLAN_HEADER } from "@warren/common/wire/vxlan.ts";
import { encodeTransport, INITIATION_BYTES } from "@warren/common/wire/wireguard.ts";
import fc from "fast-check";
import { beforeEach, describe, expect, it } from "vitest";
import { buildPacket } from "../dataplane/testing/packets.ts";
import { WireCensus } from "./wire-census.ts";

const SESSION = Buffer.from("00112233445566778899aabbccddeeff", "hex");
const PEERS = [
  { address: "192.0.2.12", podCidrs: ["10.244.2.0/24", "fd00:77:0:2::/64"] },
  { address: "2001:db8::13", podCidrs: ["10.244.3.0/24"] },
];
const NONE = { vxlan: 0, wireguard: 0, direct: 0, other: 0, readable: 0 };

let census: WireCensus;
beforeEach(() => {
  const shape = { vni: 4096, vxlanPorts: new Set([4789]), sealedPorts: new Set([51820]) };
  census = new WireCensus(PEERS, shape, SESSION);
});

const vxlan = (vni = 4096, inner: Uint8Array = SESSION): Uint8Array => {
  const payload = new Uint8Array(VXLAN_HEADER + 14 + 20 + inner.length);
  encodeVxlan(payload, 0, vni);
  payload.set(inner, payload.length - inner.length);
  return payload;
};
const transport = (content: Uint8Array = new Uint8Array(64)): Uint8Array => {
  const payload = new Uint8Array(16 + content.length + 16);
  encodeTransport(payload, 0, 1, 2, 0);
  payload.set(content, 16);
  return payload;
};
const udp = (payload: Uint8Array, dstPort: number, ends: { src?: string; dst?: string } = {}): Uint8Array =>
  buildPacket({ src: "192.0.2.11", dst: "192.0.2.12", ...ends, protocol: "udp", payload, dstPort });
const seen = (peer = 0) => {
  const { address: _, ...tally } = census.result()[peer]!;
  return tally;
};

describe("what is seen on the underlay", () => {
  it("is VXLAN by the port and the header, of the cluster's network only", () => {
    census.look(udp(vxlan(), 4789));
    census.look(udp(vxlan(77, new Uint8Array(20)), 4789));
    census.look(udp(vxlan(4096, new Uint8Array(20)), 4790));
    expect(seen()).toEqual({ ...NONE, vxlan: 1, other: 2, readable: 1 });
  });

  it("is WireGuard by the port and the shape of each of its messages", () => {
    const initiation = new Uint8Array(INITIATION_BYTES);
    initiation[0] = 1;
    for (const payload of [transport(), initiation]) census.look(udp(payload, 51820));
    census.look(udp(initiation.subarray(1), 51820));
    expect(seen()).toEqual({ ...NONE, wireguard: 2, other: 1 });
  });

  it("shows the session wherever it can be read, in what should be sealed as well", () => {
    census.look(udp(transport(SESSION), 51820));
    census.look(udp(SESSION, 9));
    expect(seen()).toEqual({ ...NONE, wireguard: 1, other: 1, readable: 2 });
  });

  it("is direct when it goes from or to a pod of a peer without anything around it", () => {
    census.look(udp(SESSION, 9, { src: "10.244.1.2", dst: "10.244.2.2" }));
    census.look(udp(SESSION, 9, { src: "10.244.3.2", dst: "10.244.1.2" }));
    census.look(udp(new Uint8Array(9), 9, { src: "fd00:77:0:2::2", dst: "fd00:77:0:1::2" }));
    expect(seen(0)).toEqual({ ...NONE, direct: 2, readable: 1 });
    expect(seen(1)).toEqual({ ...NONE, direct: 1, readable: 1 });
  });

  it("is counted with the peer that it comes from or goes to, over IPv6 as well", () => {
    census.look(udp(vxlan(), 4789, { src: "2001:db8::13", dst: "2001:db8::11" }));
    census.look(udp(vxlan(), 4789, { src: "192.0.2.12", dst: "192.0.2.11" }));
    census.look(udp(vxlan(), 4789, { src: "192.0.2.99", dst: "192.0.2.11" }));
    expect(seen(0)).toEqual({ ...NONE, vxlan: 1, readable: 1 });
    expect(seen(1)).toEqual({ ...NONE, vxlan: 1, readable: 1 });
  });

  it("is nothing when it is no UDP: a control plane on a peer's host is not looked at", () => {
    census.look(buildPacket({ src: "192.0.2.11", dst: "192.0.2.12", protocol: "tcp", payload: SESSION }));
    expect(seen()).toEqual(NONE);
  });

  it("is something else when it is a piece of a datagram", () => {
    const piece = udp(SESSION, 4789);
    piece[7] = 3;
    census.look(piece);
    expect(seen()).toEqual({ ...NONE, other: 1, readable: 1 });
  });

  it("may be anything at all", () => {
    const packets = [udp(vxlan(), 4789), udp(transport(), 51820, { src: "2001:db8::13", dst: "2001:db8::11" })];
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 120 }),
      fc
        .tuple(fc.constantFrom(...packets), fc.nat({ max: 60 }), fc.nat({ max: 255 }), fc.nat({ max: 120 }))
        .map(([packet, at, value, length]) => packet.with(at, value).subarray(0, length)),
    );
    fc.assert(
      fc.property(bytes, (packet) => census.look(packet)),
      { numRuns: 5_000 },
    );
  });
});
