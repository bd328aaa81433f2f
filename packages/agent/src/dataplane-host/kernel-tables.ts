import { addressPlus, formatAddress, type IpFamily, parseAddress } from "@warren/common/net/address.ts";
import { formatMac, parseMac } from "@warren/common/net/mac.ts";
import { nodeAddress } from "@warren/common/net/node-address.ts";
import { formatPrefix, type Prefix, parsePrefix, prefixSize } from "@warren/common/net/prefix.ts";
import type { DataPlaneOptions, ForwardingPeer, ForwardingView } from "./data-plane.ts";

/**
 * Marks the routes to peers in the kernel's table (`ip route show proto 120`). Not the number of the host's own routes:
 * each of the two takes away what it does not know.
 */
export const PEER_ROUTE_PROTOCOL = "120";
/** Behind a plain route to the same prefix (IPv4 has metric 0, IPv6 1024 where nothing is said). */
const PEER_ROUTE_METRIC = "4096";

/** Key of an entry → the words that say the rest of it to `ip` or `bridge`. */
export type KernelTable = ReadonlyMap<string, readonly string[]>;

/**
 * What a vxlan device must know to reach every peer without ever asking the network, laid out as flannel does it:
 *
 *     10.244.2.0/24 via 10.244.2.0 dev warren0 onlink src 10.244.1.1     a gateway that stands for the peer
 *     10.244.2.0 lladdr 02:…:02 PERMANENT                                its VTEP's Ethernet address
 *     02:…:02 dst 192.0.2.12                                             where that VTEP is
 */
export interface KernelTables {
  /** By prefix. */
  readonly routes: KernelTable;
  /** By gateway. */
  readonly neighbours: KernelTable;
  /** By VTEP MAC. */
  readonly fdb: KernelTable;
}

export interface CompiledKernelTables extends KernelTables {
  /** The peers that the tables reach, with their texts checked: whom the guard lets in. */
  readonly peers: readonly ForwardingPeer[];
}

/**
 * Compiles a view for the kernel. What a vxlan device cannot do is left out, and so unreachable: a peer of the other
 * underlay family, a VTEP MAC that an earlier peer has, prefixes of a family that this node has no address of, and a
 * prefix that holds everything. A prefix that stands twice counts once, this node's own first, then the earlier peer's.
 *
 * @throws `address-invalid` when a text of the view is not what it should be
 */
export function compileKernelTables(
  view: ForwardingView,
  options: Pick<DataPlaneOptions, "tunName" | "underlayAddress" | "port">,
): CompiledKernelTables {
  const underlayFamily = parseAddress(options.underlayAddress).family;
  const sources = new Map<IpFamily, string>();
  const taken = new Set<string>();
  for (const text of view.localPrefixes) {
    const prefix = parsePrefix(text);
    taken.add(formatPrefix(prefix));
    if (!sources.has(prefix.address.family)) sources.set(prefix.address.family, nodeAddress(text));
  }
  const routes = new Map<string, readonly string[]>();
  const neighbours = new Map<string, readonly string[]>();
  const fdb = new Map<string, readonly string[]>();
  const addresses = new Set<string>();
  const peers: ForwardingPeer[] = [];
  for (const peer of view.peers) {
    const address = parseAddress(peer.underlayAddress);
    const underlayAddress = formatAddress(address);
    const mac = formatMac(parseMac(peer.vtepMac));
    const prefixes = peer.prefixes.map(parsePrefix);
    if (address.family !== underlayFamily || fdb.has(mac) || addresses.has(underlayAddress)) continue;
    fdb.set(mac, fdbWords(underlayAddress, peer.port, options.port));
    addresses.add(underlayAddress);
    const reached: string[] = [];
    for (const prefix of prefixes) {
      const source = sources.get(prefix.address.family);
      const key = formatPrefix(prefix);
      if (source === undefined || prefix.length === 0 || taken.has(key)) continue;
      const gateway = gatewayOf(prefix, mac, neighbours);
      if (gateway === null) continue;
      taken.add(key);
      reached.push(key);
      neighbours.set(gateway, ["lladdr", mac]);
      routes.set(key, routeWords(options.tunName, gateway, source));
    }
    peers.push({ ...peer, underlayAddress, vtepMac: mac, prefixes: reached });
  }
  return { routes, neighbours, fdb, peers };
}

/** The first address of the prefix that does not stand for another peer: the prefix of one may begin another's. */
function gatewayOf(prefix: Prefix, mac: string, neighbours: KernelTable): string | null {
  const size = prefixSize(prefix);
  for (let number = 0n; number < size; number++) {
    const gateway = formatAddress(addressPlus(prefix.address, number));
    if ((neighbours.get(gateway)?.[1] ?? mac) === mac) return gateway;
  }
  return null;
}

/** What follows the prefix in `ip route replace`. */
export function routeWords(device: string, gateway: string, source: string): readonly string[] {
  return [
    "via",
    gateway,
    "dev",
    device,
    "onlink",
    "src",
    source,
    "metric",
    PEER_ROUTE_METRIC,
    "proto",
    PEER_ROUTE_PROTOCOL,
  ];
}

/** What follows MAC and device in `bridge fdb replace`. */
export function fdbWords(address: string, port: number, devicePort: number): readonly string[] {
  return ["dst", address, ...(port === devicePort ? [] : ["port", String(port)])];
}

/** Batches that turn the one into the other, in the order in which they must run. */
export interface KernelChange {
  /** `ip`: routes that are no more. First, while what they lead to is still right. */
  readonly unroute: readonly (readonly string[])[];
  /** `bridge`: the forwarding database. */
  readonly fdb: readonly (readonly string[])[];
  /** `ip`: neighbours, then the routes that need them. */
  readonly route: readonly (readonly string[])[];
}

/** Touches only what differs: the packets of a peer that stays the same do not notice. */
export function diffKernelTables(wanted: KernelTables, existing: KernelTables, device: string): KernelChange {
  const gone = (table: keyof KernelTables): string[] =>
    [...existing[table].keys()].filter((key) => !wanted[table].has(key));
  const changed = (table: keyof KernelTables): [string, readonly string[]][] =>
    [...wanted[table]].filter(([key, words]) => existing[table].get(key)?.join(" ") !== words.join(" "));
  return {
    unroute: gone("routes").map((prefix) => ["route", "del", prefix, "dev", device, "proto", PEER_ROUTE_PROTOCOL]),
    fdb: [
      ...changed("fdb").map(([mac, words]) => ["fdb", "replace", mac, "dev", device, ...words, "self", "permanent"]),
      ...gone("fdb").map((mac) => ["fdb", "del", mac, "dev", device, ...existing.fdb.get(mac)!, "self"]),
    ],
    route: [
      ...changed("neighbours").map(([gateway, words]) => [
        ...["neigh", "replace", gateway, ...words, "dev", device, "nud", "permanent"],
      ]),
      ...gone("neighbours").map((gateway) => ["neigh", "del", gateway, "dev", device]),
      ...changed("routes").map(([prefix, words]) => ["route", "replace", prefix, ...words]),
    ],
  };
}
