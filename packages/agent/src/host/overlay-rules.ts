import { addressValue, formatAddress } from "@warren/common/net/address.ts";
import { type Prefix, parsePrefix, prefixContains } from "@warren/common/net/prefix.ts";
import type { DropReason } from "../dataplane/drop.ts";
import type { OverlayGuard } from "../dataplane-host/overlay-guard.ts";
import type { NftCommand } from "../platform/linux/nft.ts";

type Table = Readonly<{ family: string; table: string }>;
type Expression = Readonly<Record<string, unknown>>;

/** Reasons that the guard counts, by the names of the packet path. */
export const GUARD_DROPS = [
  "vxlan-vni",
  "unknown-peer",
  "not-ip",
  "ingress-spoof",
  "not-local",
  "egress-spoof",
] as const satisfies readonly DropReason[];

/** After everybody else's filters of what is for this host: nobody changes the mark between here and the socket. */
const LAST_OF_INPUT = 300;
const PRIORITY_RAW = -300;
/** After source NAT: what is checked is what leaves. */
const AFTER_NAT = 300;

/** Bits from the transport header to a field of the inner frame: UDP 8 bytes, VXLAN 8, Ethernet 14. */
const VNI_AT = (8 + 4) * 8;
const ETHER_TYPE_AT = (8 + 8 + 12) * 8;
const INNER_SOURCE4_AT = (8 + 8 + 14 + 12) * 8;
const INNER_SOURCE6_AT = (8 + 8 + 14 + 8) * 8;

/**
 * The rules that make a vxlan device as careful as the worker threads are. Peers are numbers here, from 1: the mark of
 * their packets on this host.
 *
 *     map overlay-peers { type ipv4_addr : mark; 192.0.2.12 : 1 }        one lookup each, however many peers
 *     set overlay-sources4 { type mark . ipv4_addr; flags interval; 1 . 10.244.2.0/24 }
 *
 *     input     udp dport 4789 → wrong VNI? drop · mark := peer of the outer source, none? drop
 *                                (mark, inner source) not the peer's? drop
 *     prerouting  iif warren0  → (mark, source) not the peer's? drop · destination not this node's? drop · mark := 0
 *     postrouting oif warren0  → source not this node's? drop
 *
 * Twice, because of aggregates. A sender that segments in its kernel (`UDP_SEGMENT`) may reach us, over a veth pair or a
 * virtual network card, as one buffer of many datagrams, of which `input` sees the first; the mark stays with each when
 * the kernel takes them apart, and the second look sees them all. Behind the device GRO may join packets of different
 * peers that claim to be one TCP flow, under the first one's mark; whatever came as a datagram of its own was looked at
 * before. The device is meant by its index, so that it may be renamed under the rules. Marks are 0 again when others' rules come to look at them.
 */
export function compileOverlayRules(
  table: Table,
  guard: OverlayGuard,
  drops: Partial<Record<DropReason, number>>,
): NftCommand[] {
  const { device, port, vni, peers, localPrefixes } = guard;
  const rule = (chain: string, ...expr: Expression[]): NftCommand => ({ add: { rule: { ...table, chain, expr } } });
  const base = (name: string, hook: string, prio: number): NftCommand => ({
    add: { chain: { ...table, name, type: "filter", hook, prio, policy: "accept" } },
  });
  const chain = (name: string): NftCommand => ({ add: { chain: { ...table, name } } });
  const sources = peers.map(({ prefixes }) => outermost(prefixes.map(parsePrefix)));
  const local = localPrefixes.map(parsePrefix);
  return [
    ...GUARD_DROPS.map((name) => ({ add: { counter: { ...table, name, packets: drops[name] ?? 0, bytes: 0 } } })),
    base("overlay-in", "input", LAST_OF_INPUT),
    base("overlay-out-of-tunnel", "prerouting", PRIORITY_RAW),
    base("overlay-into-tunnel", "postrouting", AFTER_NAT),
    ...["overlay-datagram", "overlay-inner", "overlay-packet", "overlay-leaving"].map(chain),

    rule("overlay-in", equal(field("udp", "dport"), port), { jump: { target: "overlay-datagram" } }),
    rule("overlay-datagram", differs(raw(VNI_AT, 24), vni), ...drop("vxlan-vni")),
    ...peerMaps(table, peers),
    ...outerFamilies(peers).map(({ protocol, map }) =>
      rule(
        "overlay-datagram",
        { mangle: { key: MARK, value: { map: { key: field(protocol, "saddr"), data: `@${map}` } } } },
        { goto: { target: "overlay-inner" } },
      ),
    ),
    rule("overlay-datagram", ...drop("unknown-peer")),
    ...FAMILIES.flatMap(({ family, etherType, at }) => {
      const elements = rawElements(sources, family);
      if (elements.length === 0) return [];
      const words = Array.from({ length: family === 4 ? 1 : 4 }, (_, word) => raw(at + word * 32, 32));
      return [
        rule(
          "overlay-inner",
          equal(raw(ETHER_TYPE_AT, 16), etherType),
          equal({ concat: [MARK, ...words] }, { set: elements }),
          { accept: null },
        ),
      ];
    }),
    rule("overlay-inner", differs(raw(ETHER_TYPE_AT, 16), { set: [0x0800, 0x86dd] }), ...drop("not-ip")),
    rule("overlay-inner", ...drop("ingress-spoof")),

    rule("overlay-out-of-tunnel", equal({ meta: { key: "iif" } }, device), { jump: { target: "overlay-packet" } }),
    rule("overlay-into-tunnel", equal({ meta: { key: "oif" } }, device), { jump: { target: "overlay-leaving" } }),
    ...FAMILIES.flatMap(({ family, protocol, groups }) => {
      const ours = local.filter(({ address }) => address.family === family).map(prefixExpression);
      const own = (at: string, reason: DropReason): NftCommand[] => [
        ours.length > 0
          ? rule(
              at,
              differs(field(protocol, at === "overlay-packet" ? "daddr" : "saddr"), { set: ours }),
              ...drop(reason),
            )
          : rule(at, equal(NFPROTO, `ipv${family}`), ...drop(reason)),
      ];
      return [
        sourceSet(table, sources, family),
        rule(
          "overlay-packet",
          differs({ concat: [MARK, field(protocol, "saddr")] }, `@${sourceSetName(family)}`),
          ...drop("ingress-spoof"),
        ),
        ...own("overlay-packet", "not-local"),
        // Done with this family: IPv4 packets do not walk through the rules of IPv6.
        rule("overlay-packet", equal(NFPROTO, `ipv${family}`), { mangle: { key: MARK, value: 0 } }, { accept: null }),
        rule("overlay-leaving", equal(field(protocol, "daddr"), prefixExpression(parsePrefix(groups))), { drop: null }),
        ...own("overlay-leaving", "egress-spoof"),
        rule("overlay-leaving", equal(NFPROTO, `ipv${family}`), { accept: null }),
      ];
    }),
  ];
}

const MARK = { meta: { key: "mark" } };
const NFPROTO = { meta: { key: "nfproto" } };
const FAMILIES = [
  { family: 4, protocol: "ip", type: "ipv4_addr", etherType: 0x0800, at: INNER_SOURCE4_AT, groups: "224.0.0.0/4" },
  { family: 6, protocol: "ip6", type: "ipv6_addr", etherType: 0x86dd, at: INNER_SOURCE6_AT, groups: "ff00::/8" },
] as const;

type Peers = OverlayGuard["peers"];

/** The families of the peers' underlay addresses, each with the map from address to mark. */
function outerFamilies(peers: Peers) {
  return FAMILIES.map(({ family, protocol, type }) => ({
    ...{ protocol, type, map: `overlay-peers${family}` },
    elements: peers.flatMap(({ underlayAddress }, index) =>
      underlayAddress.includes(":") === (family === 6) ? [[underlayAddress, index + 1]] : [],
    ),
  })).filter(({ elements }) => elements.length > 0);
}

function peerMaps(table: Table, peers: Peers): NftCommand[] {
  return outerFamilies(peers).map(({ map, type, elements }) => ({
    add: { map: { ...table, name: map, type, map: "mark", elem: elements } },
  }));
}

function sourceSetName(family: 4 | 6): string {
  return `overlay-sources${family}`;
}

function sourceSet(table: Table, sources: readonly (readonly Prefix[])[], family: 4 | 6): NftCommand {
  const elem = sources.flatMap((prefixes, index) =>
    prefixes
      .filter(({ address }) => address.family === family)
      .map((prefix) => ({ concat: [index + 1, prefixExpression(prefix)] })),
  );
  const type = ["mark", family === 4 ? "ipv4_addr" : "ipv6_addr"];
  const set = { ...table, name: sourceSetName(family), type, flags: ["interval"] };
  return { add: { set: elem.length > 0 ? { ...set, elem } : set } };
}

/**
 * The same for fields without a type. A number of nftables' JSON has 64 bits, so an IPv6 prefix is four of 32: equal where
 * the prefix covers them, any where it does not.
 */
function rawElements(sources: readonly (readonly Prefix[])[], family: 4 | 6): Expression[] {
  return sources.flatMap((prefixes, index) =>
    prefixes
      .filter(({ address }) => address.family === family)
      .map(({ address, length }) => {
        const value = addressValue(address);
        const words = Array.from({ length: family === 4 ? 1 : 4 }, (_, word) => {
          const bits = Math.min(32, Math.max(0, length - word * 32));
          const first = Number((value >> BigInt((family === 4 ? 0 : 3 - word) * 32)) & 0xffff_ffffn);
          return { range: [first, first + 2 ** (32 - bits) - 1] };
        });
        return { concat: [index + 1, ...words] };
      }),
  );
}

/** Without those that another one holds: a set takes no intervals that overlap. */
function outermost(prefixes: readonly Prefix[]): Prefix[] {
  return prefixes.filter(
    (one, index) =>
      !prefixes.some(
        (other, place) =>
          place !== index &&
          (other.length < one.length || (other.length === one.length && place < index)) &&
          prefixContains(other, one.address),
      ),
  );
}

function drop(reason: DropReason): Expression[] {
  return [{ counter: reason }, { drop: null }];
}

function equal(left: Expression, right: unknown): Expression {
  return { match: { op: "==", left, right } };
}

function differs(left: Expression, right: unknown): Expression {
  return { match: { op: "!=", left, right } };
}

function field(protocol: string, name: string): Expression {
  return { payload: { protocol, field: name } };
}

function raw(offset: number, bits: number): Expression {
  return { payload: { base: "th", offset, len: bits } };
}

function prefixExpression({ address, length }: Prefix): Expression {
  return { prefix: { addr: formatAddress(address), len: length } };
}
