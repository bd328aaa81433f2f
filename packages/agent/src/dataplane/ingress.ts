import { ETHERNET_DST, ETHERTYPE_IPV4, ETHERTYPE_IPV6, etherType } from "@warren/common/wire/ethernet.ts";
import { equalBytes, readU32 } from "@warren/common/wire/field.ts";
import { checkIpv4, IPV4_DST, IPV4_SRC, ipv4TotalLength } from "@warren/common/wire/ipv4.ts";
import { checkIpv6, IPV6_DST, IPV6_SRC, ipv6TotalLength } from "@warren/common/wire/ipv6.ts";
import { VXLAN_ENCAPSULATION } from "@warren/common/wire/overhead.ts";
import {
  checkVxlan,
  VXLAN_BAD_FLAGS,
  VXLAN_HEADER,
  VXLAN_OK,
  VXLAN_SHORT,
  VXLAN_WRONG_VNI,
} from "@warren/common/wire/vxlan.ts";
import { type ForwardingTables, LOCAL } from "../route/forwarding-tables.ts";
import { type Arena, PACKETS, PACKETS_END, SLOT_BYTES, SLOT_IOVEC, SLOT_MAX_COUNT, SLOTS } from "./arena.ts";
import {
  type Counters,
  DROP,
  INGRESS_DROPS,
  peerCounters,
  SYSCALL_TUN_WRITE,
  SYSCALL_UDP_RECEIVE,
} from "./counters.ts";
import { BUDGET_SHIFT, IDLE, MORE } from "./egress.ts";
import { isFatal, type TunPort, type UdpPort, WOULD_BLOCK } from "./ports.ts";
import type { StageTimer } from "./stage-timer.ts";
import { INGRESS_STAGE as STAGE } from "./stages.ts";

/*
 * Ingress: underlay → pod. The road of a packet:
 *
 *   1. receive     one system call brings one datagram, or up to 64 KiB of equal-sized ones of one sender   per call
 *   2. sender      outer source address → peer; whose it is not is dropped here                            per call
 *   3. continue    does it continue a packet that was let in just now? then it joins it                    per run
 *   4. decapsulate VXLAN header, VNI, inner Ethernet type and destination                                  per packet
 *   5. anti-spoof  the inner source must be in a prefix of the sending peer                                per packet
 *   6. local       the inner destination must be in a prefix of this node                                  per packet
 *   7. collect     it opens a slot that those after it may continue                                        per packet
 *   8. write       one system call for all packets of a slot, as one super-packet                          per slot
 *
 * Step 3 comes first because it replaces the others: the kernel `extend` takes a datagram only when its outer header,
 * addresses and ports are byte for byte those of a packet that passed 4 to 6 from the same peer in this same batch, so
 * that a stream costs these checks once for every super-packet.
 *
 * Slots are written in the order in which they were opened, when no slot may grow any more, or when the socket has
 * nothing more: no packet waits for one that is not there yet. A packet of a flow closes the flow's older slot, so that
 * a flow is never reordered here.
 *
 * The functions below are in this order. Nothing here throws or allocates.
 */

const OUTER = VXLAN_ENCAPSULATION;
const MAX_RECEIVE = 65_536;
const ALIGN = 64;
/** Flows that are coalesced side by side. More are not refused: all slots are written and it starts again. */
const SLOT_COUNT = 8;
const PASS = -1;

export interface IngressOptions {
  /** VXLAN network identifier that is let in. */
  readonly vni: number;
  /** Ethernet address of this VTEP, 6 bytes. */
  readonly vtepMac: Uint8Array;
  /** MTU of the TUN device. */
  readonly overlayMtu: number;
  /** The TUN device takes TCP super-packets. */
  readonly tso: boolean;
  /** Most packets of a UDP super-packet; 1 when the TUN device takes none. */
  readonly maxUdpSegments: number;
}

export class Ingress {
  readonly #arena: Arena;
  readonly #bytes: Uint8Array;
  readonly #tun: TunPort;
  readonly #udp: UdpPort;
  readonly #counters: Counters;
  readonly #stages: StageTimer;
  readonly #vni: number;
  readonly #vtepMac: Uint8Array;
  readonly #overlayMtu: number;
  readonly #maxTcp: number;
  readonly #maxUdp: number;
  #tables: ForwardingTables;

  /** Where the next receive goes. What lies before it belongs to slots that are not written yet. */
  #tail = PACKETS;
  // Slots 0 … #slots - 1 are in use; per slot: whose it is, may it grow, packets and bytes in it.
  #slots = 0;
  readonly #slotPeer = new Int32Array(SLOT_COUNT);
  readonly #slotOpen = new Uint8Array(SLOT_COUNT);
  readonly #slotPackets = new Int32Array(SLOT_COUNT);
  readonly #slotBytes = new Int32Array(SLOT_COUNT);

  constructor(
    arena: Arena,
    tun: TunPort,
    udp: UdpPort,
    counters: Counters,
    stages: StageTimer,
    tables: ForwardingTables,
    options: IngressOptions,
  ) {
    this.#arena = arena;
    this.#bytes = arena.bytes;
    this.#tun = tun;
    this.#udp = udp;
    this.#counters = counters;
    this.#stages = stages;
    this.#tables = tables;
    this.#vni = options.vni;
    this.#vtepMac = options.vtepMac;
    this.#overlayMtu = options.overlayMtu;
    this.#maxTcp = options.tso ? SLOT_MAX_COUNT : 1;
    this.#maxUdp = Math.min(options.maxUdpSegments, SLOT_MAX_COUNT);
  }

  /** Takes new tables into use. Only between two calls of `run`, when no slot is in use. */
  setTables(tables: ForwardingTables): void {
    this.#tables = tables;
  }

  /**
   * Forwards until the socket has no more, or `budget` is used up.
   *
   * @param budget in small datagrams received alone; 4 KiB cost as much as one
   * @returns `IDLE`, `MORE`, or `-errno` when the socket or the TUN device is gone
   */
  run(budget: number): number {
    let gone = 0;
    for (let left = budget; left > 0 && gone === 0; left--) {
      if (this.#tail + MAX_RECEIVE > PACKETS_END) gone = this.#flush();
      const length = this.#udp.receive(this.#tail, MAX_RECEIVE);
      this.#stages.mark(STAGE.receive);
      this.#counters[SYSCALL_UDP_RECEIVE]!++;
      if (length < 0) {
        gone ||= this.#flush();
        // Other errors are news of an earlier send (ECONNREFUSED, EHOSTUNREACH), told once.
        if (length === WOULD_BLOCK || !isFatal(length)) return gone || IDLE;
        return length;
      }
      left -= length >>> BUDGET_SHIFT;
      this.#accept(this.#tail, length, this.#udp.segmentSize || length);
      this.#tail += (length + ALIGN - 1) & -ALIGN;
      if (!this.#mayGrow()) gone ||= this.#flush();
    }
    return this.#flush() || gone || MORE;
  }

  /** `length` bytes of one sender at `from`: datagrams of `stride` bytes, the last may be shorter. */
  #accept(from: number, length: number, stride: number): void {
    const peer = this.#tables.senders.find(this.#bytes, this.#udp.nameOffset);
    this.#stages.mark(STAGE.sender);
    if (length === 0) {
      this.#drop(peer < 0 ? DROP["unknown-peer"] : DROP["vxlan-short"], 1);
      return;
    }
    if (peer < 0) {
      this.#drop(DROP["unknown-peer"], Math.ceil(length / stride));
      return;
    }
    const end = from + length;
    let at = from;
    while (at < end) {
      const joined = this.#continue(peer, at, stride, end - at);
      this.#stages.mark(STAGE.coalesce);
      if (joined > 0) {
        at += joined * stride;
        continue;
      }
      const datagram = Math.min(stride, end - at);
      const verdict = this.#check(peer, at, datagram);
      this.#stages.mark(STAGE.police);
      if (verdict >= 0) this.#drop(verdict, 1);
      else this.#collect(peer, at);
      this.#stages.mark(STAGE.coalesce);
      at += datagram;
    }
  }

  /** @returns number of datagrams from `at` on that joined a slot. Newest slot first: it is the likely one. */
  #continue(peer: number, at: number, stride: number, bytes: number): number {
    const { kernels } = this.#arena;
    for (let i = this.#slots - 1; i >= 0; i--) {
      if (this.#slotOpen[i] === 0 || this.#slotPeer[i] !== peer) continue;
      const slot = SLOTS + i * SLOT_BYTES;
      const joined = kernels.extend(slot, at, stride, bytes, OUTER);
      if (joined === 0) continue;
      this.#slotOpen[i] = kernels.isOpen(slot);
      this.#slotPackets[i]! += joined;
      this.#slotBytes[i]! += Math.min(bytes, joined * stride) - joined * OUTER;
      return joined;
    }
    return 0;
  }

  /** The drop reason of a datagram, or `PASS`. */
  #check(peer: number, at: number, length: number): number {
    const bytes = this.#bytes;
    switch (checkVxlan(bytes, at, length, this.#vni)) {
      case VXLAN_OK:
        break;
      case VXLAN_SHORT:
        return DROP["vxlan-short"];
      case VXLAN_BAD_FLAGS:
        return DROP["vxlan-flags"];
      case VXLAN_WRONG_VNI:
        return DROP["vxlan-vni"];
    }
    const ethernet = at + VXLAN_HEADER;
    const ip = at + OUTER;
    const innerLength = length - OUTER;
    const type = etherType(bytes, ethernet);
    if (type !== ETHERTYPE_IPV4 && type !== ETHERTYPE_IPV6) return DROP["not-ip"];
    if (!equalBytes(bytes, ethernet + ETHERNET_DST, this.#vtepMac, 0, 6)) return DROP["wrong-mac"];
    this.#stages.mark(STAGE.decapsulate);
    const { routes } = this.#tables;
    if (type === ETHERTYPE_IPV4) {
      if (checkIpv4(bytes, ip, innerLength) === 0) return DROP.malformed;
      if (routes.lookup4(readU32(bytes, ip + IPV4_SRC)) !== peer) return DROP["ingress-spoof"];
      return routes.lookup4(readU32(bytes, ip + IPV4_DST)) === LOCAL ? PASS : DROP["not-local"];
    }
    if (checkIpv6(bytes, ip, innerLength) === 0) return DROP.malformed;
    if (routes.lookup6(bytes, ip + IPV6_SRC) !== peer) return DROP["ingress-spoof"];
    return routes.lookup6(bytes, ip + IPV6_DST) === LOCAL ? PASS : DROP["not-local"];
  }

  /** Opens a slot with a packet that passed all checks. */
  #collect(peer: number, at: number): void {
    const { kernels } = this.#arena;
    const ip = at + OUTER;
    if (this.#slots === SLOT_COUNT) this.#flushSlots();
    for (let i = 0; i < this.#slots; i++) {
      if (this.#slotOpen[i] !== 0 && kernels.isSameFlow(SLOTS + i * SLOT_BYTES, ip)) this.#close(i);
    }
    // The header's length, not the datagram's: a short frame may have been padded on its way (IEEE 802.3 §3.2.7).
    const bytes = this.#bytes;
    const length = bytes[ip]! >>> 4 === 4 ? ipv4TotalLength(bytes, ip) : ipv6TotalLength(bytes, ip);
    const i = this.#slots++;
    this.#slotPeer[i] = peer;
    this.#slotOpen[i] = kernels.openSlot(SLOTS + i * SLOT_BYTES, ip, length, this.#maxTcp, this.#maxUdp);
    this.#slotPackets[i] = 1;
    this.#slotBytes[i] = length;
  }

  #close(i: number): void {
    this.#arena.kernels.closeSlot(SLOTS + i * SLOT_BYTES);
    this.#slotOpen[i] = 0;
  }

  #mayGrow(): boolean {
    for (let i = 0; i < this.#slots; i++) if (this.#slotOpen[i] !== 0) return true;
    return false;
  }

  /** Writes all slots; afterwards the arena is empty. @returns 0, or `-errno` when the TUN device is gone. */
  #flush(): number {
    const gone = this.#flushSlots();
    this.#tail = PACKETS;
    return gone;
  }

  #flushSlots(): number {
    let gone = 0;
    for (let i = 0; i < this.#slots; i++) {
      const slot = SLOTS + i * SLOT_BYTES;
      const pieces = this.#arena.kernels.finishSlot(slot, this.#overlayMtu);
      this.#stages.mark(STAGE.coalesce);
      const written = this.#tun.write(slot + SLOT_IOVEC, pieces);
      this.#stages.mark(STAGE.write);
      this.#counters[SYSCALL_TUN_WRITE]!++;
      if (written < 0) {
        this.#drop(DROP["tun-write-failed"], this.#slotPackets[i]!);
        if (isFatal(written)) gone = written;
        continue;
      }
      const at = peerCounters(this.#tables.counterSlots[this.#slotPeer[i]!]!);
      this.#counters[at + 2]! += this.#slotPackets[i]!;
      this.#counters[at + 3]! += this.#slotBytes[i]!;
    }
    this.#slots = 0;
    return gone;
  }

  #drop(reason: number, packets: number): void {
    this.#counters[INGRESS_DROPS + reason]! += packets;
  }
}
