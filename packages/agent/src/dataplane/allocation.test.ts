import { parseAddress } from "@warren/common/net/address.ts";
import { heapGrowth, SMALLEST_OBJECT } from "@warren/common/wire/testing/heap-growth.ts";
import { beforeAll, describe, expect, test } from "vitest";
import { buildKernels } from "../../../../scripts/build-kernels.ts";
import { loadKernels } from "../dataplane-host/load-kernels.ts";
import { encodeSockaddr } from "../route/sockaddr.ts";
import { createArena, RECEIVE_NAME } from "./arena.ts";
import { COUNTER_BYTES, peerCounters, stageCounters, workerStages } from "./counters.ts";
import { Egress } from "./egress.ts";
import { Ingress } from "./ingress.ts";
import { type TunPort, type UdpPort, WOULD_BLOCK } from "./ports.ts";
import { StageTimer } from "./stage-timer.ts";
import { EGRESS_STAGE, INGRESS_STAGE } from "./stages.ts";
import { FakeStageClock } from "./testing/fake-stage-clock.ts";
import { buildPacket, type PacketSpec } from "./testing/packets.ts";
import { encapsulate, tablesOf, VNI } from "./testing/path.ts";
import { VNET_HEADER } from "./vnet-header.ts";

beforeAll(() => buildKernels());

/** Calls of `run` until the compiler has seen them often enough. */
const WARM_UP = 200;
const PACKETS_A_RUN = 500;
const spec: PacketSpec = { src: "10.1.0.2", dst: "10.2.0.5", protocol: "udp", payload: new Uint8Array(64) };

/** Less than one of the smallest objects for every second packet: there is none for each packet. */
function expectNothingPerPacket(run: () => void): void {
  for (let i = 0; i < WARM_UP; i++) run();
  expect(heapGrowth(run)).toBeLessThan((PACKETS_A_RUN * SMALLEST_OBJECT) / 2);
}

/** One that times every round, or none. */
function timer(counters: Float64Array, isOn: boolean): StageTimer {
  const clock = new FakeStageClock();
  clock.wallCost = 70.5;
  const stages = new StageTimer(counters, 0, clock, 1);
  if (isOn) stages.start();
  return stages;
}

describe.each([
  ["not timed", false],
  ["timed", true],
])("while stages are %s", (_, isTimed) => {
  test("egress allocates nothing for a packet", () => {
    const arena = createArena(loadKernels());
    const packet = buildPacket(spec);
    const counters = new Float64Array(COUNTER_BYTES / 8);
    let left = 0;
    const tun: TunPort = {
      read: (offset) => {
        if (left === 0) return WOULD_BLOCK;
        left--;
        arena.bytes.fill(0, offset, offset + VNET_HEADER);
        arena.bytes.set(packet, offset + VNET_HEADER);
        return VNET_HEADER + packet.length;
      },
      write: () => 0,
    };
    const udp: UdpPort = {
      nameOffset: RECEIVE_NAME,
      segmentSize: 0,
      send: (_name, _nameLength, _offset, length) => length,
      receive: () => WOULD_BLOCK,
    };
    const stages = timer(counters, isTimed);
    const egress = new Egress(arena, tun, udp, counters, stages, tablesOf(1), { maxSegments: 64 });
    expectNothingPerPacket(() => {
      left = PACKETS_A_RUN;
      stages.round();
      egress.run(10_000);
    });
    expect(counters[peerCounters(2)]).toBeGreaterThan(WARM_UP * PACKETS_A_RUN);
    expect(counters[workerStages(0) + stageCounters(EGRESS_STAGE.encapsulate) + 1]! > 0).toBe(isTimed);
  });

  test("ingress allocates nothing for a packet", () => {
    const arena = createArena(loadKernels());
    const counters = new Float64Array(COUNTER_BYTES / 8);
    const datagrams = [0, 1].map((i) => encapsulate(1, 2, buildPacket({ ...spec, srcPort: 1000 + i })));
    encodeSockaddr(arena.bytes, RECEIVE_NAME, parseAddress("192.0.2.1"), 4789);
    let left = 0;
    const tun: TunPort = { read: () => WOULD_BLOCK, write: () => 1 };
    const udp: UdpPort = {
      nameOffset: RECEIVE_NAME,
      segmentSize: 0,
      send: () => WOULD_BLOCK,
      receive: (offset) => {
        if (left === 0) return WOULD_BLOCK;
        const datagram = datagrams[left-- & 1]!;
        arena.bytes.set(datagram, offset);
        return datagram.length;
      },
    };
    const stages = timer(counters, isTimed);
    const ingress = new Ingress(arena, tun, udp, counters, stages, tablesOf(2), {
      vni: VNI,
      vtepMac: Uint8Array.of(2, 0, 0, 0, 0, 2),
      tso: true,
      maxUdpSegments: 64,
    });
    expectNothingPerPacket(() => {
      left = PACKETS_A_RUN;
      stages.round();
      ingress.run(10_000);
    });
    expect(counters[peerCounters(1) + 2]).toBeGreaterThan(WARM_UP * PACKETS_A_RUN);
    expect(counters[workerStages(0) + stageCounters(INGRESS_STAGE.coalesce) + 1]! > 0).toBe(isTimed);
  });
});
