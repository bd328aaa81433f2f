import { IPV4_HEADER } from "@warren/common/wire/ipv4.ts";
import { IPV6_HEADER } from "@warren/common/wire/ipv6.ts";
import { SEALED_HEADER, SEALED_TAG } from "@warren/common/wire/overhead.ts";
import { checkVxlan, VXLAN_HEADER, VXLAN_OK } from "@warren/common/wire/vxlan.ts";
import { TRANSPORT, wireGuardType } from "@warren/common/wire/wireguard.ts";
import type { ForwardingTables } from "../route/forwarding-tables.ts";
import type { Arena } from "./arena.ts";
import { type Counters, DROP } from "./counters.ts";
import { Delivery, type DeliveryOptions } from "./delivery.ts";
import type { TunPort, UdpPort } from "./ports.ts";
import { ReceiveLoop } from "./receive-loop.ts";
import type { StageTimer } from "./stage-timer.ts";
import { INGRESS_STAGE as STAGE } from "./stages.ts";

/*
 * Sealed ingress: underlay → pod, messages of the WireGuard protocol. The road of a packet:
 *
 *   1. receive     one system call brings one datagram, or up to 64 KiB of equal-sized ones of one sender   per call
 *   2. sort        by the type of the message: handshakes go to whoever does them                           per packet
 *   3. open        receiver index → session; decrypted in place, replay window; session → peer             per packet
 *   4. continue    does it continue a packet that was let in just now? then it joins it                    per packet
 *   5. anti-spoof  the inner source must be in a prefix of the peer whose session it was                   per packet
 *   6. local       the inner destination must be in a prefix of this node                                  per packet
 *   7. collect     it opens a slot that those after it may continue                                        per packet
 *   8. write       one system call for all packets of a slot, as one super-packet                          per slot
 *
 * Who sent a packet is what its session says, never the outer source address: that one may change (roaming).
 *
 * `ReceiveLoop` has the first and the last step; the functions below are in this order. Nothing here throws; only handshakes and
 * news of sessions allocate.
 */

/** Of a transport message. */
const LEAST = SEALED_HEADER + SEALED_TAG;

/** What sealed ingress needs of sessions and handshakes. */
export interface Opener {
  /**
   * Opens a transport message in place. What was sealed then stands behind its header.
   *
   * @returns the slot of the peer whose session it was, or `refusal(reason)`
   */
  open(at: number, length: number, nowMs: number): number;
  /** Milliseconds on the clock that sessions expire by. */
  now(): number;
  /** The message just opened came from the socket address at `name`. */
  heard(name: number): void;
  /** A message for no session of ours came from where that peer is. */
  lost(slot: number): void;
  /** Takes a copy of a handshake message. False: too many wait already. */
  handshake(at: number, length: number, name: number): boolean;
}

/** A drop reason as a result of `Opener.open`. */
export function refusal(reason: number): number {
  return -1 - reason;
}

export interface SealedIngressOptions extends DeliveryOptions {
  /** VXLAN network identifier of packets that carry one inside what is sealed. */
  readonly vni: number;
}

export class SealedIngress {
  readonly #bytes: Uint8Array;
  readonly #udp: UdpPort;
  readonly #opener: Opener;
  readonly #stages: StageTimer;
  readonly #vni: number;
  readonly #delivery: Delivery;
  readonly #loop: ReceiveLoop;
  #tables: ForwardingTables;
  #now = 0;

  constructor(
    arena: Arena,
    tun: TunPort,
    udp: UdpPort,
    opener: Opener,
    counters: Counters,
    stages: StageTimer,
    tables: ForwardingTables,
    options: SealedIngressOptions,
  ) {
    this.#bytes = arena.bytes;
    this.#udp = udp;
    this.#opener = opener;
    this.#stages = stages;
    this.#tables = tables;
    this.#vni = options.vni;
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
    this.#now = this.#opener.now();
    return this.#loop.run(budget);
  }

  /** `length` bytes of one sender at `from`: datagrams of `stride` bytes, the last may be shorter. */
  #accept(from: number, length: number, stride: number): void {
    const end = from + length;
    if (length === 0) this.#delivery.drop(DROP["sealed-malformed"], 1);
    for (let at = from; at < end; at += stride) {
      const verdict = this.#sort(at, Math.min(stride, end - at));
      if (verdict >= 0) this.#delivery.drop(verdict, 1);
    }
  }

  /** A drop reason, or below zero. */
  #sort(at: number, length: number): number {
    // Also the length of handshakes, each of which has one: those that wait must not take 64 KiB each.
    const type = wireGuardType(this.#bytes, at, length);
    if (type === 0) return DROP["sealed-malformed"];
    const name = this.#udp.nameOffset;
    if (type !== TRANSPORT) return this.#opener.handshake(at, length, name) ? -1 : DROP["handshake-flood"];

    const slot = this.#opener.open(at, length, this.#now);
    this.#stages.mark(STAGE.open);
    if (slot < 0) return this.#refuse(-1 - slot, name);
    this.#opener.heard(name);
    const peer = slot < this.#tables.peersBySlot.length ? this.#tables.peersBySlot[slot]! : -1;
    this.#stages.mark(STAGE.sender);
    if (peer < 0) return DROP["unknown-peer"];
    // Empty: it only says that the peer is there.
    if (length === LEAST) return -1;
    const verdict = this.#deliver(peer, at + SEALED_HEADER, length - LEAST);
    this.#stages.mark(STAGE.coalesce);
    return verdict;
  }

  #refuse(reason: number, name: number): number {
    if (reason !== DROP["unknown-session"]) return reason;
    const peer = this.#tables.senders.find(this.#bytes, name);
    if (peer >= 0) this.#opener.lost(this.#tables.counterSlots[peer]!);
    return reason;
  }

  /** What was sealed: an IP packet and its padding, or a VXLAN header in front of both; their first nibbles differ. */
  #deliver(peer: number, at: number, length: number): number {
    const isVxlan = this.#bytes[at]! >>> 4 === 0;
    if (isVxlan && checkVxlan(this.#bytes, at, length, this.#vni) !== VXLAN_OK) return DROP["vxlan-vni"];
    const ip = isVxlan ? at + VXLAN_HEADER : at;
    const room = isVxlan ? length - VXLAN_HEADER : length;
    const version = room > 0 ? this.#bytes[ip]! >>> 4 : 0;
    if (version !== 4 && version !== 6) return DROP["not-ip"];
    this.#stages.mark(STAGE.decapsulate);
    const total = room < (version === 4 ? IPV4_HEADER : IPV6_HEADER) ? 0 : this.#delivery.lengthOf(ip);
    if (total > 0 && total <= room && this.#delivery.continue(peer, ip, total, total, 0) > 0) return -1;
    this.#stages.mark(STAGE.coalesce);
    const verdict = this.#delivery.police(peer, ip, room, version);
    this.#stages.mark(STAGE.police);
    if (verdict < 0) this.#delivery.collect(peer, ip);
    return verdict;
  }
}
