import fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import { buildKernels } from "../../../../scripts/build-kernels.ts";
import { peerCounters } from "./counters.ts";
import { bytesOf, flowSteps, superPackets } from "./testing/arbitraries.ts";
import { buildPacket, buildSuperPacket, type PacketSpec, pseudoHeader, referenceSegment } from "./testing/packets.ts";
import { createEgressPath, createIngressPath, encapsulate, tablesOf, VNI } from "./testing/path.ts";
import { VNET_GSO_TYPE, VNET_GSO_UDP_L4 } from "./vnet-header.ts";

beforeAll(() => buildKernels());

const spec: PacketSpec = {
  src: "10.1.0.2",
  dst: "10.2.0.5",
  protocol: "tcp",
  payload: new Uint8Array(100).fill(9),
};
const segment = (i: number, extra: Partial<PacketSpec> = {}) =>
  buildPacket({ ...spec, seq: 1 + i * 100, id: i, ...extra });
const datagram = (i: number, extra: Partial<PacketSpec> = {}) => encapsulate(1, 2, segment(i, extra));

/** The identification of a packet with DF means nothing (RFC 6864 §4.1), so coalescing may count it anew. */
function withoutFreeId(packet: Uint8Array): Uint8Array {
  const copy = packet.slice();
  if (packet[0]! >>> 4 === 4 && packet[6]! & 0x40) copy.fill(0, 4, 6).fill(0, 10, 12);
  return copy;
}

/** Everything that was written, cut again as the kernel would. */
const cut = (path: ReturnType<typeof createIngressPath>) =>
  path.written.flatMap(({ vnet, packet }) => referenceSegment(vnet, packet));

describe("a datagram of a peer", () => {
  test("is written to the TUN device as it was sent", () => {
    const path = createIngressPath();
    path.arrive(1, datagram(0));
    expect(path.run()).toBe(0);
    expect(path.written).toEqual([{ vnet: new Uint8Array(10), packet: segment(0) }]);
  });

  test("is counted as an inner packet of its peer", () => {
    const path = createIngressPath();
    path.arrive(1, datagram(0), datagram(1));
    path.run();
    const at = peerCounters(1);
    expect([path.counters[at + 2], path.counters[at + 3]]).toEqual([2, 280]);
  });

  test("loses the padding that Ethernet gave it", () => {
    const path = createIngressPath();
    const padded = new Uint8Array(datagram(0).length + 6);
    padded.set(datagram(0));
    path.arrive(1, padded);
    path.run();
    expect(path.written[0]!.packet).toEqual(segment(0));
  });
});

describe("a datagram of a kernel on the same machine, which left work to a device that never came", () => {
  /** The transport checksum as such a kernel leaves it: the folded sum of the pseudo header. */
  const unfinished = (change: Partial<PacketSpec>) => {
    const packet = buildPacket({ ...spec, ...change });
    const [l4, field] = [packet[0]! >>> 4 === 4 ? 20 : 40, change.protocol === "udp" ? 6 : 16];
    const sum = pseudoHeader(packet, l4) % 0xffff || 0xffff;
    packet[l4 + field] = sum >>> 8;
    packet[l4 + field + 1] = sum & 0xff;
    return packet;
  };

  test.each([
    ["tcp", "10.1.0.2", "10.2.0.5", [1, 0, 0, 0, 0, 0, 20, 0, 16, 0]],
    ["udp", "10.1.0.2", "10.2.0.5", [1, 0, 0, 0, 0, 0, 20, 0, 6, 0]],
  ] as const)("has its %s checksum finished by our kernel", (protocol, src, dst, vnet) => {
    const path = createIngressPath();
    const packet = unfinished({ protocol, src, dst });
    path.arrive(1, encapsulate(1, 2, packet));
    path.run();
    expect([...path.written[0]!.vnet]).toEqual(vnet);
    expect(referenceSegment(path.written[0]!.vnet, path.written[0]!.packet)).toEqual([
      buildPacket({ ...spec, protocol, src, dst }),
    ]);
  });

  test("is cut to the MTU by our kernel when it is a TCP super-packet", () => {
    const path = createIngressPath();
    const payload = new Uint8Array(20_000).map((_, i) => i);
    path.arrive(1, encapsulate(1, 2, unfinished({ payload })));
    path.run();
    const pieces = cut(path);
    expect(pieces.every((piece) => piece.length <= 1450)).toBe(true);
    expect(pieces.flatMap((piece) => [...piece.subarray(40)])).toEqual([...payload]);
  });
});

describe("coalescing", () => {
  test("makes one super-packet of the segments of one receive", () => {
    const path = createIngressPath();
    path.arrive(1, ...[0, 1, 2, 3].map((i) => datagram(i)));
    path.run();
    expect(path.written).toHaveLength(1);
    const { vnet, packet } = path.written[0]!;
    expect([...vnet]).toEqual([1, 1, 40, 0, 100, 0, 20, 0, 16, 0]);
    expect(packet.length).toBe(440);
    expect((packet[36]! << 8) | packet[37]!).toBe(pseudoHeader(packet, 20) % 0xffff);
    expect(cut(path)).toEqual([0, 1, 2, 3].map((i) => segment(i)));
  });

  test("goes on over several receives, for two flows side by side", () => {
    const path = createIngressPath();
    for (const i of [0, 1, 2]) {
      path.arrive(1, datagram(i));
      path.arrive(1, datagram(i, { srcPort: 7 }));
    }
    path.run();
    expect(path.written).toHaveLength(2);
    expect(cut(path)).toEqual([
      ...[0, 1, 2].map((i) => segment(i)),
      ...[0, 1, 2].map((i) => segment(i, { srcPort: 7 })),
    ]);
  });

  test("takes UDP too, and leaves it where the TUN device does not", () => {
    const udp = [0, 1, 2].map((i) => datagram(i, { protocol: "udp" }));
    const path = createIngressPath();
    path.arrive(1, ...udp);
    path.run();
    expect(path.written.map(({ vnet }) => vnet[VNET_GSO_TYPE])).toEqual([VNET_GSO_UDP_L4]);
    const plain = createIngressPath({ maxUdpSegments: 1, tso: false });
    plain.arrive(1, ...udp);
    plain.arrive(1, datagram(0), datagram(1));
    plain.run();
    expect(plain.written.map(({ vnet }) => vnet[VNET_GSO_TYPE])).toEqual([0, 0, 0, 0, 0]);
  });

  test("does not bless a segment whose checksum is wrong, first or later", () => {
    for (const bad of [0, 1]) {
      const path = createIngressPath();
      const datagrams = [0, 1, 2].map((i) => datagram(i));
      datagrams[bad]![datagrams[bad]!.length - 1]! ^= 1;
      path.arrive(1, ...datagrams);
      path.run();
      expect(Buffer.concat(cut(path))).toEqual(Buffer.concat(datagrams.map((bytes) => bytes.subarray(22))));
      expect(path.written.filter(({ vnet }) => vnet[0] === 0).length).toBeGreaterThan(0);
    }
  });

  test("never joins datagrams of two peers, even when one forges the other's packets", () => {
    const path = createIngressPath();
    path.arrive(1, datagram(0));
    path.arrive(3, datagram(1));
    path.run();
    expect(path.drops()).toEqual({ "ingress-spoof": 1 });
    expect(path.written).toHaveLength(1);
  });

  test("ends at 64 KiB", () => {
    const path = createIngressPath();
    const payload = new Uint8Array(1398);
    for (let burst = 0; burst < 3; burst++) {
      path.arrive(1, ...Array.from({ length: 44 }, (_, i) => datagram(0, { payload, seq: (burst * 44 + i) * 1398 })));
    }
    path.run();
    expect(path.written.every(({ packet }) => packet.length <= 65_535)).toBe(true);
    expect(cut(path)).toHaveLength(132);
  });

  test("of what egress cut is the identity, byte for byte", () => {
    fc.assert(
      fc.property(superPackets, ({ spec: random, size }) => {
        const out = createEgressPath();
        const { vnet, packet } = buildSuperPacket(random, size);
        out.tun.send(packet, vnet);
        out.egress.run(10);
        const back = createIngressPath();
        for (const { datagrams } of out.sends) back.arrive(1, ...datagrams);
        back.run();
        expect(back.drops()).toEqual({});
        expect(Buffer.concat(cut(back)).equals(Buffer.concat(referenceSegment(vnet, packet)))).toBe(true);
        if (random.tcpFlags === 0x10 || random.protocol === "udp") {
          expect(back.written.length).toBeLessThanOrEqual(Math.ceil(random.payload.length / size / 64) + 1);
        }
      }),
      { numRuns: 150 },
    );
  });

  test("keeps every packet of every flow, in order, whatever is lost, damaged or changed on the way", () => {
    const flows: Partial<PacketSpec>[] = [
      {},
      { srcPort: 7 },
      { protocol: "udp" },
      { src: "fd00:1::2", dst: "fd00:2::5", protocol: "tcp" },
    ];
    fc.assert(
      fc.property(flowSteps, (steps) => {
        const path = createIngressPath();
        const seqs = flows.map(() => 1);
        const ids = flows.map(() => 0);
        const sent: Uint8Array[][] = flows.map(() => []);
        let waiting: Uint8Array[] = [];
        for (const { flow, length, isLost, isDamaged, isGlued, ...rest } of steps) {
          const packet = buildPacket({
            ...spec,
            ...rest,
            ...flows[flow]!,
            seq: seqs[flow]!,
            id: ids[flow]!,
            payload: new Uint8Array(length).fill(ids[flow]! + 1),
          });
          seqs[flow]! += length;
          ids[flow]!++;
          if (isLost) continue;
          if (isDamaged) packet[packet.length - 1]! ^= 0x80;
          sent[flow]!.push(packet);
          const bytes = encapsulate(1, 2, packet);
          if (waiting.length && (!isGlued || waiting[0]!.length !== bytes.length)) {
            path.arrive(1, ...waiting);
            waiting = [];
          }
          waiting.push(bytes);
        }
        if (waiting.length) path.arrive(1, ...waiting);
        path.run();
        const arrived = cut(path);
        flows.forEach(({ srcPort, protocol, src }, flow) => {
          const l4 = src ? 40 : 20;
          const mine = arrived.filter(
            (packet) =>
              packet[0]! >>> 4 === (src ? 6 : 4) &&
              (src || packet[9] === (protocol === "udp" ? 17 : 6)) &&
              ((packet[l4]! << 8) | packet[l4 + 1]!) === (srcPort ?? 40_000),
          );
          expect(mine.map(withoutFreeId)).toEqual(sent[flow]!.map(withoutFreeId));
        });
      }),
      { numRuns: 300 },
    );
  });
});

describe("a datagram is dropped and counted", () => {
  const dropsOf = (bytes: Uint8Array, from = 1) => {
    const path = createIngressPath();
    path.arrive(from, bytes);
    path.run();
    expect(path.written).toHaveLength(0);
    return path.drops();
  };

  test("vxlan-short: no room for VXLAN and Ethernet header, down to nothing", () => {
    expect(dropsOf(datagram(0).subarray(0, 21))).toEqual({ "vxlan-short": 1 });
    expect(dropsOf(new Uint8Array(0))).toEqual({ "vxlan-short": 1 });
  });

  test("vxlan-flags: the I flag is clear, or a reserved bit is set, as Linux does", () => {
    for (const [at, value] of [
      [0, 0],
      [0, 0x88],
      [1, 1],
      [7, 1],
    ] as const) {
      expect(dropsOf(datagram(0).with(at, value))).toEqual({ "vxlan-flags": 1 });
    }
  });

  test("vxlan-vni: another network", () => {
    expect(dropsOf(encapsulate(1, 2, segment(0), VNI + 1))).toEqual({ "vxlan-vni": 1 });
  });

  test("unknown-peer: nobody has the outer source address", () => {
    expect(dropsOf(datagram(0), 9)).toEqual({ "unknown-peer": 1 });
    expect(dropsOf(new Uint8Array(0), 9)).toEqual({ "unknown-peer": 1 });
  });

  test("not-ip: ARP, a VLAN tag", () => {
    expect(dropsOf(datagram(0).with(21, 6))).toEqual({ "not-ip": 1 });
    expect(dropsOf(datagram(0).with(20, 0x81))).toEqual({ "not-ip": 1 });
  });

  test("wrong-mac: the frame is for another VTEP, or for all", () => {
    expect(dropsOf(encapsulate(1, 3, segment(0)))).toEqual({ "wrong-mac": 1 });
    const broadcast = datagram(0);
    broadcast.fill(0xff, 8, 14);
    expect(dropsOf(broadcast)).toEqual({ "wrong-mac": 1 });
  });

  test("malformed: the type and the version differ, a length does not fit", () => {
    expect(dropsOf(datagram(0).with(20, 0x86).with(21, 0xdd))).toEqual({ malformed: 1 });
    expect(dropsOf(datagram(0).subarray(0, 100))).toEqual({ malformed: 1 });
    expect(dropsOf(datagram(0).with(22, 0x41))).toEqual({ malformed: 1 });
  });

  test("ingress-spoof: the inner source is another peer's, ours, or nobody's", () => {
    for (const src of ["10.3.0.1", "10.2.0.1", "8.8.8.8"]) {
      expect(dropsOf(datagram(0, { src }))).toEqual({ "ingress-spoof": 1 });
    }
    expect(dropsOf(datagram(0, { src: "fd00:3::1", dst: "fd00:2::1" }))).toEqual({ "ingress-spoof": 1 });
  });

  test("not-local: the inner destination is not on this node", () => {
    for (const dst of ["10.3.0.1", "8.8.8.8", "224.0.0.1"]) {
      expect(dropsOf(datagram(0, { dst }))).toEqual({ "not-local": 1 });
    }
  });

  test("tun-write-failed: the device refuses; what comes after goes on", () => {
    const path = createIngressPath();
    const write = path.control.write;
    path.control.write = () => -5;
    path.arrive(1, datagram(0), datagram(1));
    expect(path.run()).toBe(0);
    expect(path.drops()).toEqual({ "tun-write-failed": 2 });
    path.control.write = write;
    path.arrive(1, datagram(2));
    path.run();
    expect(path.written).toHaveLength(1);
  });

  test("one bad datagram among good ones of a receive takes only itself", () => {
    const path = createIngressPath();
    path.arrive(1, datagram(0), encapsulate(1, 2, segment(1), VNI + 1), datagram(2), datagram(3));
    path.run();
    expect(path.drops()).toEqual({ "vxlan-vni": 1 });
    expect(cut(path)).toEqual([0, 2, 3].map((i) => segment(i)));
  });
});

test("a peer that is taken out of the tables is unknown from the next batch on", () => {
  const path = createIngressPath();
  path.ingress.setTables(tablesOf(2, [3]));
  path.arrive(1, datagram(0));
  path.run();
  expect(path.drops()).toEqual({ "unknown-peer": 1 });
});

test("a TUN device that is gone is told", () => {
  const path = createIngressPath();
  path.control.write = () => -77;
  path.arrive(1, datagram(0));
  expect(path.run()).toBe(-77);
});

test("no input makes ingress throw, and every datagram is written or counted", () => {
  fc.assert(
    fc.property(
      fc.array(
        fc.record({
          from: fc.constantFrom(1, 3, 9),
          inner: bytesOf(0, 150),
          first: fc.constantFrom(0x45, 0x60, 0x4f, 0),
          flip: fc.nat({ max: 170 }),
          copies: fc.integer({ min: 1, max: 4 }),
        }),
        { maxLength: 20 },
      ),
      (receives) => {
        const path = createIngressPath();
        let sent = 0;
        for (const { from, inner, first, flip, copies } of receives) {
          if (inner.length > 20) inner.set([10, from, 0, 2, 10, 2, 0, 2], 12);
          if (inner.length > 3) inner.set([first, 0, 0, inner.length], 0);
          const bytes = encapsulate(from, 2, inner);
          if (flip < bytes.length) bytes[flip]! ^= 0x55;
          path.arrive(from, ...Array.from({ length: copies }, () => bytes));
          sent += copies;
        }
        expect(path.run()).toBe(0);
        const dropped = Object.values(path.drops()).reduce((a, b) => a + b, 0);
        expect(dropped + cut(path).length).toBe(sent);
      },
    ),
    { numRuns: 500 },
  );
});
