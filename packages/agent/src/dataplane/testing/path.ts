import { parseAddress } from "@warren/common/net/address.ts";
import { parseMac } from "@warren/common/net/mac.ts";
import { VXLAN_ENCAPSULATION } from "@warren/common/wire/overhead.ts";
import { compileView } from "../../dataplane-host/compile-view.ts";
import { loadKernels } from "../../dataplane-host/load-kernels.ts";
import { MemoryTun, type TunPacket } from "../../platform/memory/memory-tun.ts";
import { openTables } from "../../route/forwarding-tables.ts";
import { encodeSockaddr } from "../../route/sockaddr.ts";
import { createArena, RECEIVE_NAME } from "../arena.ts";
import { COUNTER_BYTES, EGRESS_DROPS, INGRESS_DROPS } from "../counters.ts";
import { DROP_REASONS, type DropReason } from "../drop.ts";
import { Egress } from "../egress.ts";
import { Ingress } from "../ingress.ts";
import { type TunPort, type UdpPort, WOULD_BLOCK } from "../ports.ts";
import { StageTimer } from "../stage-timer.ts";
import { FakeStageClock } from "./fake-stage-clock.ts";

/** The view both ends of the tests use: node 1 has 10.1.0.0/24 and fd00:1::/64, node 2 the same with 2; node 3 too. */
export const MTU = 1450;
export const VNI = 4096;
const mac = (node: number) => `02:00:00:00:00:0${node}`;
const underlay = (node: number) => `192.0.2.${node}`;
const prefixes = (node: number) => [`10.${node}.0.0/24`, `fd00:${node}::/64`];

export function tablesOf(
  node: number,
  peers: readonly number[] = [1, 2, 3].filter((peer) => peer !== node),
  overlayMtu = MTU,
) {
  const view = {
    localPrefixes: prefixes(node),
    peers: peers.map((peer) => ({
      nodeId: `node-${peer}`,
      underlayAddress: underlay(peer),
      port: 4789,
      vtepMac: mac(peer),
      prefixes: prefixes(peer),
    })),
  };
  return openTables(
    compileView(view, { vni: VNI, vtepMac: mac(node), overlayMtu }, (nodeId) => Number(nodeId.slice(5))),
  );
}

/** One call of `send`, as datagrams. */
export interface Sent {
  readonly name: Uint8Array;
  readonly datagrams: readonly Uint8Array[];
}

function dropsOf(counters: Float64Array, base: number): Partial<Record<DropReason, number>> {
  const entries = DROP_REASONS.map((reason, i) => [reason, counters[base + i]!] as const);
  return Object.fromEntries(entries.filter(([, count]) => count > 0));
}

/** An egress on a memory TUN, with a UDP port that only records (or refuses with `refuse`). */
export function createEgressPath(options: { maxSegments?: number; mtu?: number; node?: number } = {}) {
  const arena = createArena(loadKernels());
  const tun = new MemoryTun();
  const answers: TunPacket[] = [];
  tun.onPacket((packet) => answers.push(packet));
  const sends: Sent[] = [];
  const counters = new Float64Array(COUNTER_BYTES / 8);
  const device = tun.port(arena);
  const control = {
    refuse: (_length: number, _segmentSize: number): number => 0,
    read: (offset: number, capacity: number) => device.read(offset, capacity),
  };
  const udp: UdpPort = {
    nameOffset: RECEIVE_NAME,
    segmentSize: 0,
    receive: () => WOULD_BLOCK,
    send: (name, nameLength, offset, length, segmentSize) => {
      const refusal = control.refuse(length, segmentSize);
      if (refusal < 0) return refusal;
      const step = segmentSize || length;
      const datagrams: Uint8Array[] = [];
      for (let at = 0; at < length; at += step) {
        datagrams.push(arena.bytes.slice(offset + at, offset + Math.min(length, at + step)));
      }
      sends.push({ name: arena.bytes.slice(name, name + nameLength), datagrams });
      return length;
    },
  };
  const port: TunPort = {
    read: (offset, capacity) => control.read(offset, capacity),
    write: (iovec, count) => device.write(iovec, count),
  };
  const clock = new FakeStageClock();
  const stages = new StageTimer(counters, 0, clock, 1);
  const egress = new Egress(arena, port, udp, counters, stages, tablesOf(options.node ?? 1, undefined, options.mtu), {
    maxSegments: options.maxSegments ?? 64,
  });
  return {
    arena,
    tun,
    egress,
    clock,
    stages,
    sends,
    answers,
    counters,
    control,
    drops: () => dropsOf(counters, EGRESS_DROPS),
    /** Inner packets of everything that was sent, in order. */
    inner: () => sends.flatMap(({ datagrams }) => datagrams.map((bytes) => bytes.slice(VXLAN_ENCAPSULATION))),
  };
}

/** An ingress on a memory TUN; `receive` makes one receive of a sender's datagrams. */
export function createIngressPath(options: { node?: number; tso?: boolean; maxUdpSegments?: number } = {}) {
  const node = options.node ?? 2;
  const arena = createArena(loadKernels());
  const tun = new MemoryTun();
  const written: TunPacket[] = [];
  tun.onPacket((packet) => written.push(packet));
  const counters = new Float64Array(COUNTER_BYTES / 8);
  const waiting: { readonly from: number; readonly datagrams: readonly Uint8Array[] }[] = [];
  const device = tun.port(arena);
  const control = { write: (iovec: number, count: number) => device.write(iovec, count) };
  const udp = {
    nameOffset: RECEIVE_NAME,
    segmentSize: 0,
    send: () => WOULD_BLOCK,
    receive: (offset: number): number => {
      const next = waiting.shift();
      if (!next) return WOULD_BLOCK;
      encodeSockaddr(arena.bytes, RECEIVE_NAME, parseAddress(underlay(next.from)), 50_000);
      let length = 0;
      for (const datagram of next.datagrams) {
        arena.bytes.set(datagram, offset + length);
        length += datagram.length;
      }
      udp.segmentSize = next.datagrams.length > 1 ? next.datagrams[0]!.length : 0;
      return length;
    },
  };
  const port = { read: () => WOULD_BLOCK, write: (iovec: number, count: number) => control.write(iovec, count) };
  const clock = new FakeStageClock();
  const stages = new StageTimer(counters, 0, clock, 1);
  const ingress = new Ingress(arena, port, udp, counters, stages, tablesOf(node), {
    vni: VNI,
    vtepMac: parseMac(mac(node)),
    tso: options.tso ?? true,
    maxUdpSegments: options.maxUdpSegments ?? 64,
  });
  return {
    arena,
    ingress,
    clock,
    stages,
    written,
    counters,
    control,
    drops: () => dropsOf(counters, INGRESS_DROPS),
    /** Queues one receive; all datagrams but the last are equally long. */
    arrive: (from: number, ...datagrams: Uint8Array[]) => waiting.push({ from, datagrams }),
    run: () => ingress.run(1000),
  };
}

/** A datagram as `from` would send it to `to`, with what a test wants to be wrong in it. */
export function encapsulate(from: number, to: number, inner: Uint8Array, vni = VNI): Uint8Array {
  const datagram = new Uint8Array(VXLAN_ENCAPSULATION + inner.length);
  datagram[0] = 8;
  datagram.set([vni >>> 16, vni >>> 8, vni], 4);
  datagram.set(parseMac(mac(to)), 8);
  datagram.set(parseMac(mac(from)), 14);
  datagram.set((inner[0] ?? 0) >>> 4 === 6 ? [0x86, 0xdd] : [8, 0], 20);
  datagram.set(inner, VXLAN_ENCAPSULATION);
  return datagram;
}
