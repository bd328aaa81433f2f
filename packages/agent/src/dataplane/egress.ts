import { ETHERTYPE_IPV4, ETHERTYPE_IPV6 } from "@warren/common/wire/ethernet.ts";
import { readU32, writeU16 } from "@warren/common/wire/field.ts";
import { checkIpv4, IPV4_DST, IPV4_HEADER, IPV4_SRC } from "@warren/common/wire/ipv4.ts";
import { checkIpv6, IPV6_DST, IPV6_HEADER, IPV6_SRC } from "@warren/common/wire/ipv6.ts";
import {
  HEADROOM,
  SEALED_HEADER,
  SEALED_TAG,
  sealedPadding,
  VXLAN_ENCAPSULATION,
} from "@warren/common/wire/overhead.ts";
import { type ForwardingTables, LOCAL } from "../route/forwarding-tables.ts";
import { SOCKADDR_BYTES, sockaddrLength } from "../route/sockaddr.ts";
import { type Arena, PACKETS, PACKETS_END, SEGMENT_UDP, SEGMENT_V6, SEND_NAME } from "./arena.ts";
import { Backlog } from "./backlog.ts";
import {
  COUNTER_SLOTS,
  type Counters,
  DROP,
  EGRESS_DROPS,
  peerCounters,
  SYSCALL_TUN_READ,
  SYSCALL_UDP_SEND,
} from "./counters.ts";
import { MAX_SEND } from "./gso-limit.ts";
import { CLOSED_UDP, isFatal, isFull, type TunPort, type UdpPort, WOULD_BLOCK } from "./ports.ts";
import type { StageTimer } from "./stage-timer.ts";
import { EGRESS_STAGE as STAGE } from "./stages.ts";
import { answerTooBig } from "./too-big.ts";
import {
  VNET_CSUM_OFFSET,
  VNET_CSUM_START,
  VNET_FLAGS,
  VNET_GSO_ECN,
  VNET_GSO_NONE,
  VNET_GSO_SIZE,
  VNET_GSO_TCPV4,
  VNET_GSO_TCPV6,
  VNET_GSO_TYPE,
  VNET_GSO_UDP_L4,
  VNET_HEADER,
  VNET_NEEDS_CSUM,
  vnetU16,
} from "./vnet-header.ts";

/*
 * Egress: pod → underlay. The road of a packet:
 *
 *   1. read        one system call brings one packet, or one super-packet of up to 64 KiB       per packet
 *   2. parse       version and lengths; what is not IP ends here                                per packet
 *   3. route       inner destination → peer                                                     per packet
 *   4. anti-spoof  the inner source must be in a prefix of this node                            per packet
 *   5. size        longer than the overlay MTU: answered with "packet too big"                  per packet
 *   6. encapsulate VXLAN and inner Ethernet header into the head-room, unless it will be sealed per packet
 *   7. segment     super-packet → packets, checksums; kernel, in place                          per super-packet
 *   8. join        equal-sized datagrams to one peer stand one after the other: a run           per packet
 *   9. seal        all of a run, in place; without a session they wait in the backlog           per run
 *  10. send        one system call for a run                                                    per run
 *
 * A run grows while the TUN device has more to read, until it is as long as one send may be. So a flood of small packets
 * leaves in sends of many, and a lone packet leaves as soon as the next read finds nothing.
 *
 * The functions below are in this order. Nothing here throws or allocates; a dropped packet is a count, and its place in
 * the arena is used for the next.
 */

const ETHERTYPE = VXLAN_ENCAPSULATION - 2;
const MAX_READ = VNET_HEADER + 65_535;
/** Where the first inner packet lies: on a multiple of 64. */
const FIRST_PACKET = PACKETS + HEADROOM;

/** `-EIO` */
const EIO = -5;
const PASS = -1;

/** Bytes that cost as much of a budget as a small packet, as a power of two. */
export const BUDGET_SHIFT = 12;

/** Results of `run`, if not below zero. */
export const IDLE = 0;
export const MORE = 1;

export interface EgressOptions {
  /** Most datagrams of one send; 1 where the kernel has no UDP_SEGMENT. */
  readonly maxSegments: number;
}

/** What egress needs to seal: the sessions, a clock for their age, and a way to ask for one. */
export interface Sealer {
  /**
   * Seals in place `count` messages, `stride` bytes apart from `at` on: room for the header, `length` bytes (the last
   * `last`), room for the tag.
   *
   * @returns how many were sealed, or below zero when there is no session
   */
  seal(slot: number, at: number, stride: number, count: number, length: number, last: number, nowMs: number): number;
  /** Milliseconds on the clock that sessions expire by. */
  now(): number;
  /** A packet waits for a session with that peer. */
  wanted(slot: number): void;
}

export class Egress {
  readonly #arena: Arena;
  readonly #bytes: Uint8Array;
  readonly #tun: TunPort;
  #udp: UdpPort;
  readonly #counters: Counters;
  readonly #stages: StageTimer;
  #maxSegments: number;
  #tables: ForwardingTables;
  /** Null as long as nothing was ever sealed here. */
  #sealer: Sealer | null = null;
  #backlog: Backlog | null = null;
  #sealedUdp: UdpPort = CLOSED_UDP;
  /** Bytes in front of an inner packet and, with its padding, behind it: by the framing of the tables. */
  #outer = VXLAN_ENCAPSULATION;
  #tag = 0;
  #isSealed = false;
  #overlayMtu: number;
  #first = FIRST_PACKET - VXLAN_ENCAPSULATION;

  // The run: `#count` datagrams of `#size` bytes to `#peer`, from `#start` to `#end`. `#isClosed`: the last is shorter,
  // so none may follow.
  #start = this.#first;
  #end = this.#first;
  #count = 0;
  #size = 0;
  #peer = -1;
  #isClosed = false;
  /** The peer whose socket address stands at SEND_NAME. */
  #named = -1;
  #nameLength = 0;
  /** A send of this call of `run` waited in vain for room. */
  #isFull = false;

  constructor(
    arena: Arena,
    tun: TunPort,
    udp: UdpPort,
    counters: Counters,
    stages: StageTimer,
    tables: ForwardingTables,
    options: EgressOptions,
  ) {
    this.#arena = arena;
    this.#bytes = arena.bytes;
    this.#tun = tun;
    this.#udp = udp;
    this.#counters = counters;
    this.#stages = stages;
    this.#tables = tables;
    this.#overlayMtu = tables.overlayMtu;
    this.#maxSegments = options.maxSegments;
  }

  /** Takes new tables into use. Only between two calls of `run`, when no run is open. */
  setTables(tables: ForwardingTables): void {
    this.#tables = tables;
    this.#named = -1;
    this.#isSealed = tables.framing === "sealed";
    this.#outer = this.#isSealed ? SEALED_HEADER : VXLAN_ENCAPSULATION;
    this.#tag = this.#isSealed ? SEALED_TAG : 0;
    this.#overlayMtu = tables.overlayMtu;
    this.#first = FIRST_PACKET - this.#outer;
    this.#reset();
  }

  /**
   * What sealing needs; before the first tables that ask for it. Until then such packets are dropped.
   *
   * @param longest the longest packet that will ever have to wait
   */
  enableSealing(sealer: Sealer, longest: number): void {
    this.#sealer = sealer;
    this.#backlog = new Backlog(COUNTER_SLOTS, SEALED_HEADER + longest + SEALED_TAG);
  }

  /** The sockets that are open from now on, one for each framing. Only between two calls of `run`. */
  setSockets(plain: UdpPort, sealed: UdpPort): void {
    this.#udp = plain;
    this.#sealedUdp = sealed;
  }

  /**
   * Forwards until the TUN device has no more, `budget` is used up, or the underlay has no room: the wait for it was long
   * enough for others to have their turn.
   *
   * @param budget in small packets; 4 KiB cost as much as one
   * @returns `IDLE`, `MORE`, or `-errno` when the device is gone
   */
  run(budget: number): number {
    this.#isFull = false;
    for (let left = budget; left > 0 && !this.#isFull; left--) {
      if (this.#end + this.#outer + MAX_READ > PACKETS_END) this.#flush();
      const length = this.#tun.read(this.#end + this.#outer - VNET_HEADER, MAX_READ);
      this.#stages.mark(STAGE.read);
      this.#counters[SYSCALL_TUN_READ]!++;
      if (length < 0) {
        this.#flush();
        return length === WOULD_BLOCK || !isFatal(length) ? IDLE : length;
      }
      left -= length >>> BUDGET_SHIFT;
      const verdict = this.#forward(length - VNET_HEADER);
      if (verdict !== PASS) this.#drop(verdict);
      this.#stages.mark(verdict === PASS ? STAGE.join : STAGE.police);
    }
    this.#flush();
    return MORE;
  }

  /** The drop reason of the packet that was just read, or `PASS`, also for one that is no news to anybody. */
  #forward(length: number): number {
    const bytes = this.#bytes;
    const base = this.#end;
    const ip = base + this.#outer;
    const tables = this.#tables;
    const version = length > 0 ? bytes[ip]! >>> 4 : 0;
    let peer: number;
    let source: number;
    let etherType: number;
    let isToGroup: boolean;
    if (version === 4) {
      if (checkIpv4(bytes, ip, length) === 0) return DROP.malformed;
      this.#stages.mark(STAGE.parse);
      peer = tables.routes.lookup4(readU32(bytes, ip + IPV4_DST));
      source = tables.routes.lookup4(readU32(bytes, ip + IPV4_SRC));
      etherType = ETHERTYPE_IPV4;
      isToGroup = bytes[ip + IPV4_DST]! >>> 4 === 0xe;
    } else if (version === 6) {
      if (checkIpv6(bytes, ip, length) === 0) return DROP.malformed;
      this.#stages.mark(STAGE.parse);
      peer = tables.routes.lookup6(bytes, ip + IPV6_DST);
      source = tables.routes.lookup6(bytes, ip + IPV6_SRC);
      etherType = ETHERTYPE_IPV6;
      isToGroup = bytes[ip + IPV6_DST] === 0xff;
    } else {
      return DROP["not-ip"];
    }
    this.#stages.mark(STAGE.lookup);
    // The host's own kernel asks the link for routers and reports its groups (MLD) on any device that comes up, and no
    // setting of the device stops it. Nobody misses these, so they are not counted as a loss.
    if (peer < 0 && isToGroup) return PASS;
    // A local destination comes here only when no pod has the address: sent back, it would come again.
    if (peer < 0 || peer === LOCAL) return DROP["no-route"];
    if (source !== LOCAL) return DROP["egress-spoof"];
    this.#stages.mark(STAGE.police);

    const gso = bytes[ip - VNET_HEADER + VNET_GSO_TYPE]! & ~VNET_GSO_ECN;
    if (gso !== VNET_GSO_NONE) return this.#forwardSuper(peer, etherType, length, gso);
    if (length > this.#overlayMtu) return this.#tooBig(length);
    if (!this.#completeChecksum(ip, length, version === 4 ? IPV4_HEADER : IPV6_HEADER)) return DROP.malformed;
    this.#stages.mark(STAGE.segment);
    const tail = this.#tailOf(length);
    if (this.#isSealed) for (let i = 0; i < tail; i++) bytes[ip + length + i] = 0;
    else this.#encapsulate(base, peer, etherType);
    this.#stages.mark(STAGE.encapsulate);
    const size = this.#outer + length + tail;
    this.#join(peer, 1, size, size);
    return PASS;
  }

  /** Bytes behind a packet of `length` bytes: its padding and room for the tag, where it will be sealed. */
  #tailOf(length: number): number {
    return this.#isSealed ? sealedPadding(length, this.#overlayMtu) + SEALED_TAG : 0;
  }

  /**
   * What the sender's kernel left undone because the TUN device offered to do it. False: the fields do not fit. A pod with
   * a packet socket chooses them; inside the IP header they would write addresses that were checked already.
   */
  #completeChecksum(ip: number, length: number, header: number): boolean {
    const vnet = ip - VNET_HEADER;
    if (!(this.#bytes[vnet + VNET_FLAGS]! & VNET_NEEDS_CSUM)) return true;
    const start = vnetU16(this.#bytes, vnet + VNET_CSUM_START);
    const field = vnetU16(this.#bytes, vnet + VNET_CSUM_OFFSET);
    if (start < header || start + field + 2 > length) return false;
    this.#arena.kernels.completeChecksum(ip + start, length - start, field);
    return true;
  }

  /** A TCP or UDP super-packet: `csum_start` says where its transport header is, behind whatever extension headers. */
  #forwardSuper(peer: number, etherType: number, length: number, gso: number): number {
    const bytes = this.#bytes;
    const outer = this.#outer;
    const ip = this.#end + outer;
    const size = vnetU16(bytes, ip - VNET_HEADER + VNET_GSO_SIZE);
    const l4 = vnetU16(bytes, ip - VNET_HEADER + VNET_CSUM_START);
    const isV6 = etherType === ETHERTYPE_IPV6;
    const isUdp = gso === VNET_GSO_UDP_L4;
    if (!isUdp && gso !== (isV6 ? VNET_GSO_TCPV6 : VNET_GSO_TCPV4)) return DROP.malformed;
    if (l4 < (isV6 ? IPV6_HEADER : IPV4_HEADER) || l4 + (isUdp ? 8 : 20) > length || size === 0) {
      return DROP.malformed;
    }
    const headers = l4 + (isUdp ? 8 : (bytes[ip + l4 + 12]! >>> 4) * 4);
    if (headers > length || headers < l4 + (isUdp ? 8 : 20)) return DROP.malformed;
    if (headers + Math.min(size, length - headers) > this.#overlayMtu) return this.#tooBig(length);

    const tail = this.#tailOf(headers + size);
    const stride = outer + headers + size + tail;
    const room = Math.max(1, Math.ceil((length - headers) / size)) * stride;
    if (this.#end + room > PACKETS_END && this.#end > this.#first) {
      // Rare: many tiny segments behind a long run. The run leaves first, the super-packet moves to the start.
      const from = this.#end;
      this.#flush();
      bytes.copyWithin(this.#first, from, from + outer + length);
    }
    if (this.#first + room > PACKETS_END) return DROP.malformed;
    const base = this.#end;
    if (!this.#isSealed) this.#encapsulate(base, peer, etherType);
    this.#stages.mark(STAGE.encapsulate);
    const flags = (isV6 ? SEGMENT_V6 : 0) | (isUdp ? SEGMENT_UDP : 0);
    const count = this.#arena.kernels.segment(base, outer, length, l4, headers, size, tail, flags);
    this.#stages.mark(STAGE.segment);
    const lastLength = headers + (length - headers - (count - 1) * size);
    const last = outer + lastLength + this.#tailOf(lastLength);
    this.#join(peer, count, count === 1 ? last : stride, last);
    return PASS;
  }

  #encapsulate(base: number, peer: number, etherType: number): void {
    const bytes = this.#bytes;
    const headers = this.#tables.headers;
    const from = peer * VXLAN_ENCAPSULATION;
    for (let i = 0; i < ETHERTYPE; i++) bytes[base + i] = headers[from + i]!;
    writeU16(bytes, base + ETHERTYPE, etherType);
  }

  /** Adds the `count` datagrams that stand at `#end`: all of `size` bytes, the last of `last`. */
  #join(peer: number, count: number, size: number, last: number): void {
    // A single datagram may close a run by being shorter; nothing else differs in size.
    const fits =
      this.#count > 0 &&
      peer === this.#peer &&
      !this.#isClosed &&
      (size === this.#size || (count === 1 && size < this.#size));
    const bytes = (count - 1) * size + last;
    if (!fits) {
      const base = this.#end;
      if (this.#count > 0) {
        this.#flush();
        // The run is gone, and the arena empty but for these: they start the next run where they are.
        this.#start = base;
      }
      this.#end = base;
      this.#peer = peer;
      this.#size = size;
      this.#isClosed = false;
    }
    this.#end += bytes;
    this.#count += count;
    if (last < this.#size) this.#isClosed = true;
    const most = Math.min(this.#maxSegments, Math.max(1, Math.floor(MAX_SEND / this.#size)));
    while (this.#count >= most) this.#send(most);
    if (this.#count === 0) this.#reset();
  }

  /** Sends what is left of the run; afterwards the arena is empty. */
  #flush(): void {
    if (this.#count > 0) this.#send(this.#count);
    this.#reset();
  }

  #reset(): void {
    this.#start = this.#first;
    this.#end = this.#first;
    this.#count = 0;
  }

  /** Sends the first `count` datagrams of the run. */
  #send(count: number): void {
    const length = count < this.#count ? count * this.#size : this.#end - this.#start;
    if (this.#isSealed && !this.#seal(count, length)) {
      this.#start += length;
      this.#count -= count;
      return;
    }
    const result = this.#sendRun(this.#start, length, count > 1 ? this.#size : 0);
    if (result >= 0) this.#countSent(count, length);
    else if (count > 1 && !isFull(result)) this.#sendSingly(length, result);
    else this.#drop(DROP["send-failed"], count);
    this.#start += length;
    this.#count -= count;
  }

  /** False when the datagrams may not leave: without a session they wait, and what failed to be sealed is dropped. */
  #seal(count: number, length: number): boolean {
    const sealer = this.#sealer;
    if (!sealer) {
      this.#drop(DROP["no-session"], count);
      return false;
    }
    const slot = this.#tables.counterSlots[this.#peer]!;
    const size = this.#size;
    const last = length - (count - 1) * size;
    const frame = SEALED_HEADER + SEALED_TAG;
    const sealed = sealer.seal(slot, this.#start, size, count, size - frame, last - frame, sealer.now());
    this.#stages.mark(STAGE.seal);
    if (sealed === count) return true;
    if (sealed < 0) this.#wait(slot, count, length);
    else this.#drop(DROP["send-failed"], count);
    return false;
  }

  #wait(slot: number, count: number, length: number): void {
    const backlog = this.#backlog!;
    const isFirst = backlog.waiting(slot) === 0;
    let dropped = 0;
    for (let i = 0; i < count; i++) {
      const offset = i * this.#size;
      dropped += backlog.add(slot, this.#bytes, this.#start + offset, Math.min(this.#size, length - offset));
    }
    if (dropped > 0) this.#drop(DROP["no-session"], dropped);
    if (isFirst) this.#sealer!.wanted(slot);
  }

  /** Sends what waits for a session with that peer: there is one now. Only between two calls of `run`. */
  release(slot: number): void {
    const peer = this.#tables.counterSlots.indexOf(slot);
    // Only what waits now: what has to wait again is at the end, and another release comes for it.
    for (let left = this.#backlog?.waiting(slot) ?? 0; left > 0; left--) {
      const length = this.#backlog!.take(slot, this.#bytes, this.#first);
      if (peer < 0 || !this.#isSealed) this.#drop(DROP["no-session"]);
      else this.#join(peer, 1, length, length);
      this.#flush();
    }
  }

  /** Drops what waits for a session with that peer. */
  discard(slot: number): void {
    const dropped = this.#backlog?.clear(slot) ?? 0;
    if (dropped > 0) this.#drop(DROP["no-session"], dropped);
  }

  /**
   * Sends an empty message to that peer, if there is a session, also while packets leave plain: it is how the peer learns
   * that it may use the session. Only between two calls of `run`.
   */
  keepalive(slot: number): void {
    const peer = this.#tables.counterSlots.indexOf(slot);
    if (peer < 0 || !this.#sealer) return;
    const length = SEALED_HEADER + SEALED_TAG;
    if (this.#sealer.seal(slot, this.#first, length, 1, 0, 0, this.#sealer.now()) !== 1) return;
    this.#name(this.#tables.sealedSockaddrs, peer);
    this.#transmit(this.#sealedUdp, this.#first, length, 0);
    this.#named = -1;
  }

  /** What is sealed for that peer goes there from now on. Only between two calls of `run`. */
  redirect(slot: number, endpoint: Uint8Array): void {
    const peer = this.#tables.counterSlots.indexOf(slot);
    if (peer >= 0) this.#tables.sealedSockaddrs.set(endpoint, peer * SOCKADDR_BYTES);
    this.#named = -1;
  }

  /**
   * A send of several was refused as a whole: an interface that cannot checksum says EIO (and then always will), one
   * whose MTU is too small EINVAL or EMSGSIZE. Datagram by datagram, each gets its own verdict. Not when there was no
   * room: each would wait for it again.
   */
  #sendSingly(length: number, refusal: number): void {
    if (refusal === EIO) this.#maxSegments = 1;
    for (let offset = 0; offset < length; offset += this.#size) {
      const one = Math.min(this.#size, length - offset);
      if (this.#sendRun(this.#start + offset, one, 0) >= 0) this.#countSent(1, one);
      else this.#drop(DROP["send-failed"]);
    }
  }

  /** Sends datagrams of the run. */
  #sendRun(offset: number, length: number, segmentSize: number): number {
    const { sockaddrs, sealedSockaddrs } = this.#tables;
    if (this.#named !== this.#peer) this.#name(this.#isSealed ? sealedSockaddrs : sockaddrs, this.#peer);
    return this.#transmit(this.#isSealed ? this.#sealedUdp : this.#udp, offset, length, segmentSize);
  }

  #name(sockaddrs: Uint8Array, peer: number): void {
    const from = peer * SOCKADDR_BYTES;
    for (let i = 0; i < SOCKADDR_BYTES; i++) this.#bytes[SEND_NAME + i] = sockaddrs[from + i]!;
    this.#nameLength = sockaddrLength(sockaddrs, from);
    this.#named = peer;
  }

  #transmit(udp: UdpPort, offset: number, length: number, segmentSize: number): number {
    this.#counters[SYSCALL_UDP_SEND]!++;
    const result = udp.send(SEND_NAME, this.#nameLength, offset, length, segmentSize);
    this.#stages.mark(STAGE.send);
    if (isFull(result)) this.#isFull = true;
    return result;
  }

  /** Of what was sealed, the padding counts too: nobody knows any more where it begins. */
  #countSent(packets: number, bytes: number): void {
    const at = peerCounters(this.#tables.counterSlots[this.#peer]!);
    this.#counters[at]! += packets;
    this.#counters[at + 1]! += bytes - packets * (this.#outer + this.#tag);
  }

  #tooBig(length: number): number {
    answerTooBig(this.#arena, this.#tun, this.#end + this.#outer, length, this.#overlayMtu);
    return DROP["too-big"];
  }

  #drop(reason: number, packets = 1): void {
    this.#counters[EGRESS_DROPS + reason]! += packets;
  }
}
