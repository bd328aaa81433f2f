import { readU16 } from "@warren/common/wire/field.ts";
import fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import { buildKernels } from "../../../../scripts/build-kernels.ts";
import { peerCounters } from "./counters.ts";
import { IDLE, MORE } from "./egress.ts";
import { WOULD_BLOCK } from "./ports.ts";
import { bytesOf, superPackets } from "./testing/arbitraries.ts";
import {
  buildPacket,
  buildSuperPacket,
  hasRightChecksums,
  type PacketSpec,
  referenceSegment,
} from "./testing/packets.ts";
import { createEgressPath, encapsulate, MTU, tablesOf } from "./testing/path.ts";
import { VNET_CSUM_OFFSET, VNET_CSUM_START, VNET_FLAGS, VNET_GSO_SIZE, VNET_HEADER } from "./vnet-header.ts";

beforeAll(() => buildKernels());

const udp = (length: number, dst = "10.2.0.5", extra: Partial<PacketSpec> = {}) =>
  buildPacket({ src: "10.1.0.2", dst, protocol: "udp", payload: new Uint8Array(length).fill(7), ...extra });

describe("a packet to a peer", () => {
  test("leaves as VXLAN with the VTEPs' Ethernet addresses, to the peer's underlay address", () => {
    const path = createEgressPath();
    const packet = udp(64);
    path.tun.send(packet);
    path.egress.run(10);
    expect(path.sends).toHaveLength(1);
    expect(path.sends[0]!.datagrams).toEqual([encapsulate(1, 2, packet)]);
    expect([...path.sends[0]!.name.subarray(0, 8)]).toEqual([2, 0, 4789 >>> 8, 4789 & 255, 192, 0, 2, 2]);
  });

  test("is counted as an inner packet of its peer", () => {
    const path = createEgressPath();
    path.tun.send(udp(64));
    path.tun.send(udp(64, "10.3.0.5"));
    path.egress.run(10);
    const at = peerCounters(3);
    expect([path.counters[at], path.counters[at + 1]]).toEqual([1, 92]);
  });

  test("gets the checksum that the sender's kernel left to the device", () => {
    const path = createEgressPath();
    const whole = udp(33);
    const { vnet, packet } = buildSuperPacket(
      { src: "10.1.0.2", dst: "10.2.0.5", protocol: "udp", payload: new Uint8Array(33).fill(7) },
      33,
    );
    vnet.fill(0, 1, 6);
    path.tun.send(packet, vnet);
    path.egress.run(10);
    expect(path.inner()).toEqual([whole]);
  });
});

describe("a checksum that comes out as zero", () => {
  const superPacket = (protocol: "tcp" | "udp") => {
    const spec = { src: "10.1.0.2", dst: "10.2.0.5", protocol } as const;
    const field = protocol === "tcp" ? 36 : 26;
    const whole = buildPacket({ ...spec, payload: new Uint8Array(10) });
    // Payload that adds up to what the checksum is without it makes it zero.
    const payload = new Uint8Array(10);
    payload.set(whole.subarray(field, field + 2));
    return { ...buildSuperPacket({ ...spec, payload }, 10), field };
  };

  test.each([
    ["tcp", 0],
    ["udp", 0xffff],
  ] as const)("is written for %s as %i, cut or not", (protocol, expected) => {
    const { vnet, packet, field } = superPacket(protocol);
    for (const gso of [vnet[1]!, 0]) {
      const path = createEgressPath();
      path.tun.send(packet.slice(), vnet.slice().fill(gso, 1, 2));
      path.egress.run(10);
      const [inner] = path.inner();
      expect(readU16(inner!, field)).toBe(expected);
    }
  });
});

describe("a run", () => {
  test("takes a flood of equal packets to one peer in one send", () => {
    const path = createEgressPath();
    for (let i = 0; i < 40; i++) path.tun.send(udp(64));
    path.egress.run(1000);
    expect(path.sends.map(({ datagrams }) => datagrams.length)).toEqual([40]);
  });

  test("is never longer than one send may be", () => {
    const path = createEgressPath({ maxSegments: 16 });
    for (let i = 0; i < 40; i++) path.tun.send(udp(64));
    path.egress.run(1000);
    expect(path.sends.map(({ datagrams }) => datagrams.length)).toEqual([16, 16, 8]);
  });

  test("ends with a shorter packet, with another peer, with a longer packet", () => {
    const path = createEgressPath();
    for (const packet of [udp(64), udp(30), udp(64), udp(64, "10.3.0.1"), udp(80)]) path.tun.send(packet);
    path.egress.run(1000);
    expect(path.sends.map(({ datagrams }) => datagrams.length)).toEqual([2, 1, 1, 1]);
    expect(path.inner()).toEqual([udp(64), udp(30), udp(64), udp(64, "10.3.0.1"), udp(80)]);
  });

  test("does not wait: the budget ends it", () => {
    const path = createEgressPath();
    for (let i = 0; i < 3; i++) path.tun.send(udp(64));
    expect(path.egress.run(2)).toBe(1);
    expect(path.sends.map(({ datagrams }) => datagrams.length)).toEqual([2]);
    expect(path.egress.run(2)).toBe(0);
  });

  test("goes datagram by datagram where the interface refuses to cut", () => {
    const path = createEgressPath();
    path.control.refuse = (_length, segmentSize) => (segmentSize ? -5 : 0);
    for (let i = 0; i < 3; i++) path.tun.send(udp(64));
    path.egress.run(1000);
    path.tun.send(udp(64));
    path.tun.send(udp(64));
    path.egress.run(1000);
    expect(path.sends.map(({ datagrams }) => datagrams.length)).toEqual([1, 1, 1, 1, 1]);
    expect(path.drops()).toEqual({});
  });
});

describe("a super-packet", () => {
  test("is cut exactly as the kernel would cut it, whatever its kind", () => {
    fc.assert(
      fc.property(superPackets, ({ spec, size }) => {
        const path = createEgressPath();
        const { vnet, packet } = buildSuperPacket(spec, size);
        path.tun.send(packet, vnet);
        path.egress.run(10);
        const inner = path.inner();
        expect(inner.every(hasRightChecksums)).toBe(true);
        expect(Buffer.concat(inner).equals(Buffer.concat(referenceSegment(vnet, packet)))).toBe(true);
      }),
      { numRuns: 150 },
    );
  });

  test("joins the run before it, and those after it join the run", () => {
    const path = createEgressPath({ maxSegments: 10 });
    const spec: PacketSpec = {
      src: "10.1.0.2",
      dst: "10.2.0.5",
      protocol: "tcp",
      payload: new Uint8Array(6 * 1000),
    };
    for (let i = 0; i < 4; i++) {
      const { vnet, packet } = buildSuperPacket({ ...spec, seq: i * 6000 }, 1000);
      path.tun.send(packet, vnet);
    }
    path.egress.run(100);
    expect(path.sends.map(({ datagrams }) => datagrams.length)).toEqual([10, 10, 4]);
    expect(path.inner().every(hasRightChecksums)).toBe(true);
  });

  test("of tiny segments behind a long run still finds room", () => {
    const path = createEgressPath({ maxSegments: 128 });
    const large = buildSuperPacket(
      { src: "10.1.0.2", dst: "10.2.0.5", protocol: "tcp", payload: new Uint8Array(60_000) },
      1398,
    );
    const tiny = buildSuperPacket(
      { src: "10.1.0.2", dst: "10.2.0.5", protocol: "tcp", payload: new Uint8Array(64_000).fill(3) },
      48,
    );
    for (let i = 0; i < 6; i++) {
      path.tun.send(large.packet, large.vnet);
      path.tun.send(tiny.packet, tiny.vnet);
    }
    path.egress.run(1000);
    expect(path.drops()).toEqual({});
    expect(path.inner()).toHaveLength(6 * (43 + 1334));
    expect(path.inner().every(hasRightChecksums)).toBe(true);
  });
});

describe("a packet is dropped and counted", () => {
  const dropsOf = (packet: Uint8Array, vnet?: Uint8Array) => {
    const path = createEgressPath();
    path.tun.send(packet, vnet);
    path.egress.run(10);
    expect(path.sends).toHaveLength(0);
    return path.drops();
  };

  test("no-route: no peer has the destination, or it is a local one that no pod has", () => {
    expect(dropsOf(udp(8, "10.9.0.1"))).toEqual({ "no-route": 1 });
    expect(dropsOf(udp(8, "10.1.0.99"))).toEqual({ "no-route": 1 });
  });

  test("egress-spoof: the source is not of this node", () => {
    expect(dropsOf(udp(8, "10.2.0.1", { src: "10.3.0.1" }))).toEqual({ "egress-spoof": 1 });
    expect(dropsOf(udp(8, "10.2.0.1", { src: "8.8.8.8" }))).toEqual({ "egress-spoof": 1 });
  });

  test("not-ip and malformed", () => {
    expect(dropsOf(Uint8Array.of(0x20, 1, 2, 3))).toEqual({ "not-ip": 1 });
    expect(dropsOf(new Uint8Array(0))).toEqual({ "not-ip": 1 });
    expect(dropsOf(udp(8).subarray(0, 19))).toEqual({ malformed: 1 });
    expect(dropsOf(udp(8).subarray(0, 30))).toEqual({ malformed: 1 });
  });

  test("malformed: checksum or segmentation fields that do not fit", () => {
    const vnet = new Uint8Array(VNET_HEADER);
    vnet[VNET_FLAGS] = 1;
    vnet[VNET_CSUM_START] = 30;
    vnet[VNET_CSUM_OFFSET] = 6;
    expect(dropsOf(udp(8), vnet)).toEqual({ malformed: 1 });
    const cut = buildSuperPacket(
      { src: "10.1.0.2", dst: "10.2.0.5", protocol: "tcp", payload: new Uint8Array(99) },
      50,
    );
    expect(dropsOf(cut.packet, cut.vnet.with(VNET_GSO_SIZE, 0))).toEqual({ malformed: 1 });
    expect(dropsOf(cut.packet, cut.vnet.with(VNET_CSUM_START, 200))).toEqual({ malformed: 1 });
    expect(dropsOf(cut.packet, cut.vnet.with(1, 3))).toEqual({ malformed: 1 });
  });

  test("malformed: a checksum that would be written over the source address after it was checked", () => {
    const vnet = new Uint8Array(VNET_HEADER);
    vnet[VNET_FLAGS] = 1;
    vnet[VNET_CSUM_OFFSET] = 14;
    expect(dropsOf(udp(8), vnet)).toEqual({ malformed: 1 });
    vnet[VNET_CSUM_START] = 39;
    vnet[VNET_CSUM_OFFSET] = 0;
    expect(dropsOf(udp(8, "fd00:2::5", { src: "fd00:1::2" }), vnet)).toEqual({ malformed: 1 });
  });

  test("send-failed: the underlay refuses the datagram", () => {
    const path = createEgressPath();
    path.control.refuse = () => -101;
    for (let i = 0; i < 3; i++) path.tun.send(udp(64));
    path.egress.run(10);
    expect(path.drops()).toEqual({ "send-failed": 3 });
    expect(path.counters[peerCounters(2)]).toBe(0);
  });
});

describe("an underlay without room", () => {
  test("costs one wait for a run and is looked at again by the next call, so that a stop is never held up", () => {
    const path = createEgressPath({ maxSegments: 16 });
    let waits = 0;
    path.control.refuse = () => {
      waits++;
      return WOULD_BLOCK;
    };
    for (let i = 0; i < 48; i++) path.tun.send(udp(64));
    expect(path.egress.run(1000)).toBe(MORE);
    expect(waits).toBe(1);
    expect(path.drops()).toEqual({ "send-failed": 16 });
    path.control.refuse = () => 0;
    expect(path.egress.run(1000)).toBe(IDLE);
    expect(path.inner()).toHaveLength(32);
  });
});

test("what the host's kernel says to groups on the device goes nowhere, and is no loss to count", () => {
  const path = createEgressPath();
  path.tun.send(udp(8, "ff02::16", { src: "fe80::1" }));
  path.tun.send(udp(8, "224.0.0.22"));
  path.tun.send(udp(8));
  path.egress.run(10);
  expect(path.drops()).toEqual({});
  expect(path.inner()).toEqual([udp(8)]);
});

describe("a packet longer than the overlay MTU", () => {
  test("with DF is answered with ICMP fragmentation needed that names the MTU", () => {
    const path = createEgressPath();
    path.tun.send(udp(MTU));
    path.egress.run(10);
    expect(path.drops()).toEqual({ "too-big": 1 });
    expect(path.answers).toHaveLength(1);
    const { packet, vnet } = path.answers[0]!;
    expect(vnet).toEqual(new Uint8Array(VNET_HEADER));
    expect([packet[9], packet[20], packet[21], (packet[26]! << 8) | packet[27]!]).toEqual([1, 3, 4, MTU]);
    expect([...packet.subarray(16, 20)]).toEqual([10, 1, 0, 2]);
  });

  test("of IPv6 is answered with ICMPv6 packet too big", () => {
    const path = createEgressPath();
    path.tun.send(udp(MTU, "fd00:2::5", { src: "fd00:1::2" }));
    path.egress.run(10);
    const { packet } = path.answers[0]!;
    expect([packet[6], packet[40], (packet[46]! << 8) | packet[47]!]).toEqual([58, 2, MTU]);
    expect(hasRightChecksums(packet)).toBe(true);
  });

  test("without DF is dropped without an answer", () => {
    const path = createEgressPath();
    path.tun.send(udp(MTU, "10.2.0.5", { dontFragment: false }));
    path.egress.run(10);
    expect(path.drops()).toEqual({ "too-big": 1 });
    expect(path.answers).toHaveLength(0);
  });

  test("may be a super-packet whose segments are too long", () => {
    const path = createEgressPath();
    const { vnet, packet } = buildSuperPacket(
      { src: "10.1.0.2", dst: "10.2.0.5", protocol: "tcp", payload: new Uint8Array(9000) },
      1411,
    );
    path.tun.send(packet, vnet);
    path.egress.run(10);
    expect(path.drops()).toEqual({ "too-big": 1 });
    expect(path.answers).toHaveLength(1);
  });
});

test("tables that are taken into use change where packets go", () => {
  const path = createEgressPath();
  path.egress.setTables(tablesOf(1, [3]));
  path.tun.send(udp(8));
  path.tun.send(udp(8, "10.3.0.1"));
  path.egress.run(10);
  expect(path.drops()).toEqual({ "no-route": 1 });
  expect(path.sends).toHaveLength(1);
});

test("a device that is gone is told, and an error that passes is not", () => {
  const path = createEgressPath();
  path.control.read = () => -77;
  expect(path.egress.run(1)).toBe(-77);
  path.control.read = () => -5;
  expect(path.egress.run(1)).toBe(0);
});

test("no input makes egress throw, and every packet is sent or counted", () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(bytesOf(10, 10), bytesOf(0, 200), fc.constantFrom(0, 0x45, 0x46, 0x60)), { maxLength: 20 }),
      (packets) => {
        const path = createEgressPath();
        for (const [vnet, packet, first] of packets) {
          if (first && packet.length) packet[0] = first;
          // Towards a peer and from this node, so that most get past the first checks.
          if (packet.length > 20) packet.set([10, 1, 0, 2, 10, 2, 0, 2], 12);
          if (packet.length > 24 && first === 0x60) packet[24] = 0xfd;
          if (packet.length > 3) packet.set([0, packet.length], 2);
          vnet[1]! &= 0x87;
          path.tun.send(packet, vnet);
        }
        path.egress.run(1000);
        const dropped = Object.values(path.drops()).reduce((a, b) => a + b, 0);
        expect(dropped + path.inner().length).toBeGreaterThanOrEqual(packets.length);
      },
    ),
    { numRuns: 500 },
  );
});
