import { readU32 } from "@warren/common/wire/field.ts";
import { checkIpv4, IPV4_DST, IPV4_SRC, ipv4TotalLength } from "@warren/common/wire/ipv4.ts";
import { checkIpv6, IPV6_DST, IPV6_SRC, ipv6TotalLength } from "@warren/common/wire/ipv6.ts";
import { type ForwardingTables, LOCAL } from "../route/forwarding-tables.ts";
import { type Arena, SLOT_BYTES, SLOT_IOVEC, SLOT_MAX_COUNT, SLOTS } from "./arena.ts";
import { type Counters, DROP, INGRESS_DROPS, peerCounters, SYSCALL_TUN_WRITE } from "./counters.ts";
import { isFatal, type TunPort } from "./ports.ts";
import type { StageTimer } from "./stage-timer.ts";
import { INGRESS_STAGE as STAGE } from "./stages.ts";

/** Flows that are coalesced side by side. More are not refused: all slots are written and it starts again. */
const SLOT_COUNT = 8;

/** No drop reason: the packet may be delivered. */
export const PASS = -1;

export interface DeliveryOptions {
  /** The TUN device takes TCP super-packets. */
  readonly tso: boolean;
  /** Most packets of a UDP super-packet; 1 when the TUN device takes none. */
  readonly maxUdpSegments: number;
}

/**
 * The second half of ingress, whatever the underlay's framing was: which inner packets of a peer are let in, and their way
 * to the TUN device, coalesced to super-packets where they follow one another.
 *
 * Slots are written in the order in which they were opened. A packet of a flow closes the flow's older slot, so that a
 * flow is never reordered here.
 */
export class Delivery {
  readonly #arena: Arena;
  readonly #bytes: Uint8Array;
  readonly #tun: TunPort;
  readonly #counters: Counters;
  readonly #stages: StageTimer;
  readonly #maxTcp: number;
  readonly #maxUdp: number;
  #tables: ForwardingTables;

  // Slots 0 … #slots - 1 are in use; per slot: whose it is, may it grow, packets and bytes in it.
  #slots = 0;
  readonly #slotPeer = new Int32Array(SLOT_COUNT);
  readonly #slotOpen = new Uint8Array(SLOT_COUNT);
  readonly #slotPackets = new Int32Array(SLOT_COUNT);
  readonly #slotBytes = new Int32Array(SLOT_COUNT);

  constructor(
    arena: Arena,
    tun: TunPort,
    counters: Counters,
    stages: StageTimer,
    tables: ForwardingTables,
    options: DeliveryOptions,
  ) {
    this.#arena = arena;
    this.#bytes = arena.bytes;
    this.#tun = tun;
    this.#counters = counters;
    this.#stages = stages;
    this.#tables = tables;
    this.#maxTcp = options.tso ? SLOT_MAX_COUNT : 1;
    this.#maxUdp = Math.min(options.maxUdpSegments, SLOT_MAX_COUNT);
  }

  /** Only while no slot is in use. */
  setTables(tables: ForwardingTables): void {
    this.#tables = tables;
  }

  /**
   * Newest slot first: it is the likely one.
   *
   * @param outer bytes in front of the IP packet of each datagram, which must be those of the slot's first
   * @returns number of datagrams from `at` on that joined a slot
   */
  continue(peer: number, at: number, stride: number, bytes: number, outer: number): number {
    const { kernels } = this.#arena;
    for (let i = this.#slots - 1; i >= 0; i--) {
      if (this.#slotOpen[i] === 0 || this.#slotPeer[i] !== peer) continue;
      const slot = SLOTS + i * SLOT_BYTES;
      const joined = kernels.extend(slot, at, stride, bytes, outer);
      if (joined === 0) continue;
      this.#slotOpen[i] = kernels.isOpen(slot);
      this.#slotPackets[i]! += joined;
      this.#slotBytes[i]! += Math.min(bytes, joined * stride) - joined * outer;
      return joined;
    }
    return 0;
  }

  /** The drop reason of an inner packet of at most `length` bytes from that peer, or `PASS`: anti-spoof, and local. */
  police(peer: number, ip: number, length: number, version: number): number {
    const bytes = this.#bytes;
    const { routes } = this.#tables;
    if (version === 4) {
      if (checkIpv4(bytes, ip, length) === 0) return DROP.malformed;
      if (routes.lookup4(readU32(bytes, ip + IPV4_SRC)) !== peer) return DROP["ingress-spoof"];
      return routes.lookup4(readU32(bytes, ip + IPV4_DST)) === LOCAL ? PASS : DROP["not-local"];
    }
    if (checkIpv6(bytes, ip, length) === 0) return DROP.malformed;
    if (routes.lookup6(bytes, ip + IPV6_SRC) !== peer) return DROP["ingress-spoof"];
    return routes.lookup6(bytes, ip + IPV6_DST) === LOCAL ? PASS : DROP["not-local"];
  }

  /** Opens a slot with a packet that passed all checks. */
  collect(peer: number, ip: number): void {
    const { kernels } = this.#arena;
    if (this.#slots === SLOT_COUNT) this.flush();
    for (let i = 0; i < this.#slots; i++) {
      if (this.#slotOpen[i] !== 0 && kernels.isSameFlow(SLOTS + i * SLOT_BYTES, ip)) this.#close(i);
    }
    const length = this.lengthOf(ip);
    const i = this.#slots++;
    this.#slotPeer[i] = peer;
    this.#slotOpen[i] = kernels.openSlot(SLOTS + i * SLOT_BYTES, ip, length, this.#maxTcp, this.#maxUdp);
    this.#slotPackets[i] = 1;
    this.#slotBytes[i] = length;
  }

  /** The header's length, not the datagram's: what carried the packet may have been padded (IEEE 802.3 §3.2.7, sealed). */
  lengthOf(ip: number): number {
    return this.#bytes[ip]! >>> 4 === 4 ? ipv4TotalLength(this.#bytes, ip) : ipv6TotalLength(this.#bytes, ip);
  }

  #close(i: number): void {
    this.#arena.kernels.closeSlot(SLOTS + i * SLOT_BYTES);
    this.#slotOpen[i] = 0;
  }

  /** True while a packet that is still to come could join one that is here. */
  mayGrow(): boolean {
    for (let i = 0; i < this.#slots; i++) if (this.#slotOpen[i] !== 0) return true;
    return false;
  }

  /** Writes all slots. @returns 0, or `-errno` when the TUN device is gone. */
  flush(): number {
    let gone = 0;
    for (let i = 0; i < this.#slots; i++) {
      const slot = SLOTS + i * SLOT_BYTES;
      const pieces = this.#arena.kernels.finishSlot(slot, this.#tables.overlayMtu);
      this.#stages.mark(STAGE.coalesce);
      const written = this.#tun.write(slot + SLOT_IOVEC, pieces);
      this.#stages.mark(STAGE.write);
      this.#counters[SYSCALL_TUN_WRITE]!++;
      if (written < 0) {
        this.drop(DROP["tun-write-failed"], this.#slotPackets[i]!);
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

  drop(reason: number, packets: number): void {
    this.#counters[INGRESS_DROPS + reason]! += packets;
  }
}
