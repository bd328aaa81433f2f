import type { NftCommand } from "../platform/linux/nft.ts";

/** Who may bring pod traffic to this host without a tunnel. */
export interface UnderlayGuard {
  /** The interface with the underlay address. */
  readonly underlay: string;
  /** The cluster's pools. */
  readonly pools: readonly string[];
  /** Pod CIDRs of this node: nothing else is forwarded for others. */
  readonly podCidrs: readonly string[];
  /** Pod CIDRs of the nodes that may send plainly; empty where everything is encapsulated. */
  readonly plainSources: readonly string[];
}

const CHAIN = "underlay-source";

/**
 * The guard's part of the table: a packet from the underlay that claims to come from a pod and goes to one is the tunnel's
 * to bring, which checks it, unless it comes from a node that routes plainly, to a pod of ours.
 *
 *     set pools4 { type ipv4_addr; flags interval; elements = { 10.244.0.0/16 } }
 *     set local4, set plain4 likewise; pools6, local6, plain6
 *     chain underlay-source { type filter hook prerouting priority raw;
 *       iifname "eth0" ip saddr @plain4 ip daddr @local4 accept
 *       iifname "eth0" ip saddr @pools4 ip daddr @pools4 counter drop }
 *
 * What is not between pods is the host's own business and is not touched: a pod that talks to the underlay address of a
 * node, a client outside of the cluster that is routed to a pod.
 */
export function underlayGuardCommands(
  table: { readonly family: string; readonly table: string },
  priority: number,
  guard: UnderlayGuard,
): NftCommand[] {
  const families = [FOUR, SIX].filter(({ isOurs }) => guard.pools.some(isOurs));
  return [
    ...families.flatMap(({ suffix, type, isOurs }) => [
      prefixSet(table, `pools${suffix}`, type, guard.pools.filter(isOurs)),
      prefixSet(table, `local${suffix}`, type, guard.podCidrs.filter(isOurs)),
      prefixSet(table, `plain${suffix}`, type, guard.plainSources.filter(isOurs)),
    ]),
    {
      add: {
        chain: { ...table, name: CHAIN, type: "filter", hook: "prerouting", prio: priority, policy: "accept" },
      },
    },
    ...families.flatMap(({ suffix, protocol }) => [
      rule(table, guard.underlay, protocol, `plain${suffix}`, `local${suffix}`, [{ accept: null }]),
      rule(table, guard.underlay, protocol, `pools${suffix}`, `pools${suffix}`, [{ counter: null }, { drop: null }]),
    ]),
  ];
}

interface Family {
  readonly suffix: string;
  readonly type: string;
  readonly protocol: string;
  readonly isOurs: (prefix: string) => boolean;
}

const FOUR: Family = { suffix: "4", type: "ipv4_addr", protocol: "ip", isOurs: (prefix) => !prefix.includes(":") };
const SIX: Family = { suffix: "6", type: "ipv6_addr", protocol: "ip6", isOurs: (prefix) => prefix.includes(":") };

/** `auto-merge`: two prefixes that overlap, which no control plane of ours gives out, must not make the table fail. */
function prefixSet(
  { family, table }: { readonly family: string; readonly table: string },
  name: string,
  type: string,
  prefixes: readonly string[],
): NftCommand {
  const elem = prefixes.map((prefix) => {
    const [addr, length] = prefix.split("/");
    return { prefix: { addr, len: Number(length) } };
  });
  const set = { family, table, name, type, flags: ["interval"], "auto-merge": true };
  return { add: { set: elem.length > 0 ? { ...set, elem } : set } };
}

function rule(
  { family, table }: { readonly family: string; readonly table: string },
  underlay: string,
  protocol: string,
  source: string,
  destination: string,
  verdict: readonly object[],
): NftCommand {
  return {
    add: {
      rule: {
        family,
        table,
        chain: CHAIN,
        expr: [
          { match: { op: "==", left: { meta: { key: "iifname" } }, right: underlay } },
          { match: { op: "==", left: { payload: { protocol, field: "saddr" } }, right: `@${source}` } },
          { match: { op: "==", left: { payload: { protocol, field: "daddr" } }, right: `@${destination}` } },
          ...verdict,
        ],
      },
    },
  };
}
