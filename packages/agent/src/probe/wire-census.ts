import type { CaptureResult } from "@warren/common/api/ask.ts";
import { parseAddress } from "@warren/common/net/address.ts";
import { formatPrefix, parsePrefix } from "@warren/common/net/prefix.ts";
import { PrefixTable } from "@warren/common/net/prefix-table.ts";
import { PROTOCOL_UDP } from "@warren/common/wire/ip-protocol.ts";
import {
  checkIpv4,
  IPV4_DST,
  IPV4_SRC,
  ipv4Dst,
  ipv4HeaderLength,
  ipv4IsLaterFragment,
  ipv4Protocol,
  ipv4Src,
} from "@warren/common/wire/ipv4.ts";
import {
  checkIpv6,
  findIpv6Transport,
  IPV6_DST,
  IPV6_NO_TRANSPORT,
  IPV6_SRC,
  isLaterFragment,
  transportOffset,
  transportProtocol,
} from "@warren/common/wire/ipv6.ts";
import { UDP_HEADER, udpDstPort, udpSrcPort } from "@warren/common/wire/udp.ts";
import { checkVxlan, VXLAN_OK } from "@warren/common/wire/vxlan.ts";
import { wireGuardType } from "@warren/common/wire/wireguard.ts";

/** Instead of the offset of a UDP header: another protocol; a fragment of UDP without one. */
const NO_UDP = -1;
const NO_HEADER = -2;

export interface WirePeer {
  /** On the underlay. */
  readonly address: string;
  readonly podCidrs: readonly string[];
}

/** What tells the mesh's datagrams from others. */
export interface WireShape {
  readonly vni: number;
  readonly vxlanPorts: ReadonlySet<number>;
  readonly sealedPorts: ReadonlySet<number>;
}

type Tally = { -readonly [Name in keyof Omit<PeerCensus, "address">]: number };
type PeerCensus = CaptureResult["peers"][number];
type Kind = Exclude<keyof Tally, "readable">;

/** Counts the packets of an interface by peer and by what they are; see `CaptureTask`. */
export class WireCensus {
  readonly #peers: readonly WirePeer[];
  readonly #shape: WireShape;
  readonly #session: Buffer;
  /** By the bytes of the underlay address, as text. */
  readonly #byAddress = new Map<string, Tally>();
  readonly #tallies: readonly Tally[];
  /** Peer by pod address. */
  readonly #byPod: PrefixTable;

  constructor(peers: readonly WirePeer[], shape: WireShape, session: Uint8Array) {
    this.#peers = peers;
    this.#shape = shape;
    this.#session = Buffer.from(session);
    this.#tallies = peers.map(() => ({ vxlan: 0, wireguard: 0, direct: 0, other: 0, readable: 0 }));
    const prefixes = new Map<string, number>();
    for (const [index, { address, podCidrs }] of peers.entries()) {
      this.#byAddress.set(Buffer.from(parseAddress(address).bytes).toString("latin1"), this.#tallies[index]!);
      for (const cidr of podCidrs) prefixes.set(formatPrefix(parsePrefix(cidr)), index);
    }
    this.#byPod = PrefixTable.build([...prefixes].map(([text, value]) => ({ prefix: parsePrefix(text), value })));
  }

  /** Looks at an IP packet, or a super-packet; what is nobody's is not counted. */
  look(packet: Uint8Array): void {
    const bytes = Buffer.from(packet.buffer, packet.byteOffset, packet.length);
    const isV6 = checkIpv6(packet, 0, packet.length) !== 0;
    if (!isV6 && checkIpv4(packet, 0, packet.length) === 0) return;
    const [at, to, length] = isV6 ? [IPV6_SRC, IPV6_DST, 16] : [IPV4_SRC, IPV4_DST, 4];
    const outer =
      this.#byAddress.get(bytes.toString("latin1", at, at + length)) ??
      this.#byAddress.get(bytes.toString("latin1", to, to + length));
    const tally = outer ?? this.#tallies[isV6 ? this.#podPeer6(packet) : this.#podPeer4(packet)];
    const kind = outer ? this.#kindOf(packet, isV6) : "direct";
    if (!tally || !kind) return;
    tally[kind] += 1;
    if (bytes.includes(this.#session)) tally.readable += 1;
  }

  result(): CaptureResult["peers"] {
    return this.#peers.map(({ address }, index) => ({ address, ...this.#tallies[index]! }));
  }

  /** Null for what is no UDP: the control plane, or somebody's terminal. */
  #kindOf(packet: Uint8Array, isV6: boolean): Kind | null {
    const header = isV6 ? udpHeader6(packet) : udpHeader4(packet);
    if (header === NO_UDP) return null;
    if (header === NO_HEADER || packet.length < header + UDP_HEADER) return "other";
    const ports = [udpSrcPort(packet, header), udpDstPort(packet, header)];
    const payload = header + UDP_HEADER;
    const length = packet.length - payload;
    const { vni, vxlanPorts, sealedPorts } = this.#shape;
    if (ports.some((port) => sealedPorts.has(port)) && wireGuardType(packet, payload, length) !== 0) return "wireguard";
    if (vxlanPorts.has(ports[1]!) && checkVxlan(packet, payload, length, vni) === VXLAN_OK) return "vxlan";
    return "other";
  }

  #podPeer4(packet: Uint8Array): number {
    const source = this.#byPod.lookup4(ipv4Src(packet, 0));
    return source >= 0 ? source : this.#byPod.lookup4(ipv4Dst(packet, 0));
  }

  #podPeer6(packet: Uint8Array): number {
    const source = this.#byPod.lookup6(packet, IPV6_SRC);
    return source >= 0 ? source : this.#byPod.lookup6(packet, IPV6_DST);
  }
}

function udpHeader4(packet: Uint8Array): number {
  if (ipv4Protocol(packet, 0) !== PROTOCOL_UDP) return NO_UDP;
  return ipv4IsLaterFragment(packet, 0) ? NO_HEADER : ipv4HeaderLength(packet, 0);
}

function udpHeader6(packet: Uint8Array): number {
  const found = findIpv6Transport(packet, 0);
  if (found === IPV6_NO_TRANSPORT || transportProtocol(found) !== PROTOCOL_UDP) return NO_UDP;
  return isLaterFragment(found) ? NO_HEADER : transportOffset(found);
}
