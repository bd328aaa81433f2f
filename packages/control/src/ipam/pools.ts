import { WarrenError } from "@warren/common/errors/warren-error.ts";
import { formatPrefix, type Prefix, parsePrefix, prefixesOverlap, subnetCount } from "@warren/common/net/prefix.ts";

/** A pool and the length of the pod CIDRs it is cut into. */
export interface Pool {
  readonly prefix: Prefix;
  readonly nodePrefix: number;
}

/** A /64 for each node: what SLAAC and every tool expects a network of IPv6 to be. */
const IPV6_NODE_PREFIX = 64;

/** A node needs its own address and at least one for a pod. */
const LONGEST = { 4: 30, 6: 126 } as const;

/**
 * The pools of a cluster, in the order in which they are used.
 *
 * An IPv4 pool is cut into blocks of `nodePrefix`. An IPv6 pool is cut into /64; one that is itself a /64 or longer is
 * cut 8 bits below its length instead, so that it still serves 256 nodes.
 * @param texts canonical prefixes
 * @throws `pool-overlap`, `pool-too-small`, `address-invalid`
 */
export function parsePools(texts: readonly string[], nodePrefix: number): Pool[] {
  const pools = texts.map((text) => planPool(parsePrefix(text), nodePrefix));
  for (const [i, a] of pools.entries()) {
    for (const b of pools.slice(i + 1)) {
      if (!prefixesOverlap(a.prefix, b.prefix)) continue;
      throw new WarrenError(
        "pool-overlap",
        `the pools ${formatPrefix(a.prefix)} and ${formatPrefix(b.prefix)} share addresses; give pools that do not`,
      );
    }
  }
  return pools;
}

function planPool(prefix: Prefix, ipv4NodePrefix: number): Pool {
  const { family } = prefix.address;
  const nodePrefix =
    family === 4 ? ipv4NodePrefix : prefix.length < IPV6_NODE_PREFIX ? IPV6_NODE_PREFIX : prefix.length + 8;
  if (nodePrefix <= LONGEST[family] && subnetCount(prefix, nodePrefix) > 0n) return { prefix, nodePrefix };
  const hint = family === 4 ? `/${ipv4NodePrefix} or larger, or a longer node-prefix` : `/${LONGEST[6] - 8} or larger`;
  throw new WarrenError(
    "pool-too-small",
    `the pool ${formatPrefix(prefix)} cannot be cut into pod CIDRs of /${nodePrefix}; expected a pool of ${hint}`,
  );
}
