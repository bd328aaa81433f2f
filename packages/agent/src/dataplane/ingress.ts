import { ETHERNET_DST, ETHERTYPE_IPV4, ETHERTYPE_IPV6, etherType } from "@warren/common/wire/ethernet.ts";
import { equalBytes } from "@warren/common/wire/field.ts";
import { VXLAN_ENCAPSULATION } from "@warren/common/wire/overhead.ts";
import {
  checkVxlan,
  VXLAN_BAD_FLAGS,
  VXLAN_HEADER,
  VXLAN_OK,
  VXLAN_SHORT,
  VXLAN_WRONG_VNI,
} from "@warren/common/wire/vxlan.ts";
import type { ForwardingTables } from "../route/forwarding-tables.ts";
import type { Arena } from "./arena.ts";
import { type Counters, DROP } from "./counters.ts";
import { Delivery, type DeliveryOptions } from "./delivery.ts";
import type { TunPort, UdpPort } from "./ports.ts";
import { ReceiveLoop } from "./receive-loop.ts";
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
 * `ReceiveLoop` has the first and the last step; the functions below are in this order. Nothing here throws or allocates.
 */

const OUTER = VXLAN_ENCAPSULATION;

export interface IngressOptions extends DeliveryOptions {
  /** VXLAN network identifier that is let in. */
  readonly vni: number;
  /** Ethernet address of this VTEP, 6 bytes. */
  readonly vtepMac: Uint8Array;
}

export class Ingress {
  readonly #bytes: Uint8Array;
  readonly #udp: UdpPort;
  readonly #stages: StageTimer;
  readonly #vni: number;
  readonly #vtepMac: Uint8Array;
  readonly #delivery: Delivery;
  readonly #loop: ReceiveLoop;
  #tables: ForwardingTables;

  constructor(
    arena: Arena,
    tun: TunPort,
    udp: UdpPort,
    counters: Counters,
    stages: StageTimer,
    tables: ForwardingTables,
    options: IngressOptions,
  ) {
    this.#bytes = arena.bytes;
    this.#udp = udp;
    this.#stages = stages;
    this.#tables = tables;
    this.#vni = options.vni;
    this.#vtepMac = options.vtepMac;
    this.#delivery = new Delivery(arena, tun, counters, stages, tables, options);
    const accept = (from: number, length: number, stride: number) => this.#accept(from, length, stride);
    this.#loop = new ReceiveLoop(udp, this.#delivery, counters, stages, accept);
  }

  /** Takes new tables into use. Only between two calls of `run`, when no slot is in use. */
  setTables(tables: ForwardingTables): void {
    this.#tables = tables;
    this.#delivery.setTables(tables);
  }

  /**
   * Forwards until the socket has no more, or `budget` is used up: see `ReceiveLoop`.
   *
   * @param budget in small datagrams received alone; 4 KiB cost as much as one
   * @returns `IDLE`, `MORE`, or `-errno` when the socket or the TUN device is gone
   */
  run(budget: number): number {
    return this.#loop.run(budget);
  }

  /** `length` bytes of one sender at `from`: datagrams of `stride` bytes, the last may be shorter. */
  #accept(from: number, length: number, stride: number): void {
    const peer = this.#tables.senders.find(this.#bytes, this.#udp.nameOffset);
    this.#stages.mark(STAGE.sender);
    if (length === 0) {
      this.#delivery.drop(peer < 0 ? DROP["unknown-peer"] : DROP["vxlan-short"], 1);
      return;
    }
    if (peer < 0) {
      this.#delivery.drop(DROP["unknown-peer"], Math.ceil(length / stride));
      return;
    }
    const end = from + length;
    let at = from;
    while (at < end) {
      const joined = this.#delivery.continue(peer, at, stride, end - at, OUTER);
      this.#stages.mark(STAGE.coalesce);
      if (joined > 0) {
        at += joined * stride;
        continue;
      }
      const datagram = Math.min(stride, end - at);
      const verdict = this.#check(peer, at, datagram);
      this.#stages.mark(STAGE.police);
      if (verdict >= 0) this.#delivery.drop(verdict, 1);
      else this.#delivery.collect(peer, at + OUTER);
      this.#stages.mark(STAGE.coalesce);
      at += datagram;
    }
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
    const type = etherType(bytes, ethernet);
    if (type !== ETHERTYPE_IPV4 && type !== ETHERTYPE_IPV6) return DROP["not-ip"];
    if (!equalBytes(bytes, ethernet + ETHERNET_DST, this.#vtepMac, 0, 6)) return DROP["wrong-mac"];
    this.#stages.mark(STAGE.decapsulate);
    return this.#delivery.police(peer, at + OUTER, length - OUTER, type === ETHERTYPE_IPV4 ? 4 : 6);
  }
}
