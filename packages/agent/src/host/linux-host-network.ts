import { WarrenError } from "@warren/common/errors/warren-error.ts";
import { formatAddress, parseAddress } from "@warren/common/net/address.ts";
import { formatPrefix, prefixOf } from "@warren/common/net/prefix.ts";
import type { DropReason } from "../dataplane/drop.ts";
import type { OverlayGuard } from "../dataplane-host/overlay-guard.ts";
import { ensureAccept, type IptablesProgram, removeAccept } from "../platform/linux/docker-user.ts";
import { type IpLine, type IpLink, type IpRoute, ipBatch, ipJson } from "../platform/linux/ip.ts";
import { type Nft, openNft } from "../platform/linux/nft.ts";
import { HOST_INTERFACE_PREFIX } from "../pods/pod-names.ts";
import type { PodSource } from "../pods/pod-set.ts";
import { enableForwarding, hardenTun } from "./forwarding.ts";
import type { HostNetwork, HostPlan, UnderlayInterface } from "./host-network.ts";
import { planRoutes, removeRoutes } from "./host-routes.ts";
import { compileNftTable, compilePodSources, NFT_FAMILY, NFT_TABLE, removeNftTable } from "./nft-table.ts";
import { GUARD_DROPS } from "./overlay-rules.ts";
import { findRoutes, isLaid, isTaken, layRoutes, type PlainRoute } from "./plain-routes.ts";
import { checkRoot, checkTun, requireTool } from "./preflight.ts";
import type { UnderlayGuard } from "./underlay-guard.ts";
import { createSourceTo, hasAddress } from "./underlay-source.ts";

/** The host of this process: its network namespace, its packet filter, its settings. */
export function createLinuxHostNetwork(): HostNetwork {
  let nft: Promise<Nft> | undefined;
  let plan: HostPlan | undefined;
  // What our table holds. Pods are null until they are known: a table without them cuts off those that run already.
  let pods: readonly PodSource[] | null = null;
  let guard: UnderlayGuard | null = null;
  let overlay: OverlayGuard | null = null;
  /** The counters of the table begin again with each change of it: what they had counted until then. */
  let overlayDrops: Partial<Record<DropReason, number>> = {};
  /** Pods outlive this agent, and their guard with them. */
  let podsRemain = false;
  /** The last change of the table was refused: what is in it is not what the variables say. */
  let isStale = false;
  let plainPrefixes: readonly string[] = [];
  let queue: Promise<unknown> = Promise.resolve();

  const filter = (): Promise<Nft> => {
    nft ??= openNft();
    return nft;
  };
  const readDrops = async (): Promise<Partial<Record<DropReason, number>>> => {
    if (!overlay) return overlayDrops;
    const counters = await (await filter()).counters(NFT_FAMILY, NFT_TABLE);
    const drops = GUARD_DROPS.map((reason) => [reason, counters.get(reason) ?? overlayDrops[reason] ?? 0]);
    return Object.fromEntries(drops);
  };
  /** Makes the table what the variables say; nothing of ours is left where nothing is to be held. */
  const applyTable = async (): Promise<void> => {
    const isWanted = pods !== null || overlay !== null || podsRemain;
    const commands = isWanted ? compileNftTable(pods ?? [], guard, overlay, overlayDrops) : removeNftTable();
    isStale = true;
    await (await filter()).apply(commands);
    isStale = false;
  };
  /** False when the table is not as we left it. */
  const tryPodSources = async (next: readonly PodSource[]): Promise<boolean> => {
    try {
      await (await filter()).apply(compilePodSources(next));
      return true;
    } catch {
      return false;
    }
  };
  const setGuard = async (next: UnderlayGuard): Promise<void> => {
    if (!isStale && JSON.stringify(next) === JSON.stringify(guard)) return;
    overlayDrops = await readDrops();
    guard = next;
    if (pods !== null || overlay !== null) await applyTable();
  };
  /** One at a time: a repair that began under the plan before would lay routes that this one took away. */
  const alone = <T>(work: () => Promise<T>): Promise<T> => {
    const mine = queue.then(work);
    queue = mine.catch(() => {});
    return mine;
  };

  return {
    async preflight(dataplane) {
      checkRoot();
      if (dataplane === "tun") await checkTun();
      await requireTool("ip", "iproute2");
      if (dataplane === "kernel") await requireTool("bridge", "iproute2");
      await requireTool("nsenter", "util-linux");
      await filter();
    },

    ...{ sourceTo: createSourceTo(), hasAddress },
    underlay: findUnderlay,

    apply: (next) =>
      alone(async () => {
        // First, so that `clean` also finds what a plan left that failed half-way.
        plan = next;
        const ipv6 = hasIpv6(next);
        hardenTun(next.tun, ipv6);
        enableForwarding({ ipv4: hasIpv4(next), ipv6 });
        await setGuard(guardOf(next, next.plainSources));
        // The interface first: a route names the address it sends from.
        await ipBatch(await tunLines(next));
        const table = await allRoutes(ipv6);
        const plain = await findPlainRoutes(next, table);
        await ipBatch(planRoutes(next, table, plain));
        plainPrefixes = (await layPlain(next, plain, table)).laid;
        await acceptForwarding(next);
      }),

    plainPrefixes: () => plainPrefixes,

    guardFirst: ({ sources, ...addresses }) =>
      alone(async () => {
        pods = sources;
        podsRemain = true;
        guard = { ...addresses, plainSources: [] };
        await applyTable();
      }),

    guardPods: (next) =>
      alone(async () => {
        const isThere = pods !== null && overlay !== null;
        pods = next;
        if (isThere && !isStale && (await tryPodSources(next))) return;
        overlayDrops = await readDrops();
        await applyTable();
      }),

    overlayGuard: {
      set: (next) =>
        alone(async () => {
          if (!isStale && JSON.stringify(next) === JSON.stringify(overlay)) return;
          overlayDrops = await readDrops();
          overlay = next;
          await applyTable();
        }),
      drops: readDrops,
    },

    repair: () =>
      alone(async () => {
        if (!plan) return [];
        const repaired: string[] = [];
        if (!(await (await filter()).hasTable(NFT_FAMILY, NFT_TABLE))) {
          await applyTable();
          repaired.push(`the nftables table ${NFT_FAMILY} ${NFT_TABLE} was gone`);
        } else if (isStale) {
          await applyTable();
          repaired.push(`the nftables table ${NFT_FAMILY} ${NFT_TABLE} was not up to date`);
        }
        if ((await acceptForwarding(plan)) > 0) repaired.push("the rules that let pod traffic be forwarded were gone");
        if (plan.plainPaths.length > 0) {
          const table = await allRoutes(hasIpv6(plan));
          const { laid, added } = await layPlain(plan, await findPlainRoutes(plan, table), table);
          plainPrefixes = laid;
          if (added > 0) repaired.push(`${added} plain routes to peers were gone or led elsewhere`);
        }
        return repaired;
      }),

    clean: (left) =>
      alone(async () => {
        podsRemain = left.podsRemain;
        if (!plan) return;
        await ipBatch(removeRoutes(await allRoutes(hasIpv6(plan)), { keepCaught: podsRemain }));
        for (const program of iptablesOf(plan)) await removeAccept(program, interfacesOf(plan));
        plainPrefixes = [];
        // Nobody looks after what comes plainly from now on.
        if (podsRemain) await setGuard(guardOf(plan, []));
        else {
          overlayDrops = await readDrops();
          pods = null;
          guard = null;
          await applyTable();
        }
        plan = undefined;
      }),
  };
}

/** The plan's plain routes that are possible here and nobody else's. */
async function findPlainRoutes(plan: HostPlan, table: readonly IpRoute[]): Promise<PlainRoute[]> {
  return (await findRoutes(plan)).filter((route) => !isTaken(route, table));
}

/** Lays what the table lacks. @returns the prefixes that have their plain route now, and how many of them were added */
async function layPlain(
  plan: HostPlan,
  routes: readonly PlainRoute[],
  table: readonly IpRoute[],
): Promise<{ laid: string[]; added: number }> {
  const missing = routes.filter((route) => !isLaid(route, table, plan));
  await layRoutes(missing, plan);
  const now = missing.length > 0 ? await allRoutes(hasIpv6(plan)) : table;
  return {
    laid: routes.filter((route) => isLaid(route, now, plan)).map((route) => route.prefix),
    added: missing.filter((route) => isLaid(route, now, plan)).length,
  };
}

function guardOf({ underlay, pools, podCidrs }: HostPlan, plainSources: readonly string[]): UnderlayGuard {
  return { underlay, pools, podCidrs, plainSources };
}

/** Throws `address-not-local`, with the addresses this host has. */
export async function findUnderlay(address: string): Promise<UnderlayInterface> {
  const links = await ipJson<IpLink>(["address", "show"]);
  const wanted = formatAddress(parseAddress(address));
  const link = links.find((candidate) => candidate.addr_info?.some((info) => info.local === wanted));
  const own = link?.addr_info?.find((info) => info.local === wanted);
  if (link && own) {
    const subnet = formatPrefix(prefixOf(parseAddress(wanted), own.prefixlen));
    return { name: link.ifname, mtu: link.mtu, subnet };
  }
  const have = links
    .filter((candidate) => !candidate.flags.includes("LOOPBACK"))
    .flatMap((candidate) => candidate.addr_info ?? [])
    .filter((info) => !info.local.startsWith("fe80:"))
    .map((info) => info.local);
  throw new WarrenError(
    "address-not-local",
    `the underlay address ${wanted} is on no interface of this host; it has ${have.join(", ") || "none"}`,
  );
}

/** Addresses of an earlier lease go, those of the plan come. */
async function tunLines(plan: HostPlan): Promise<IpLine[]> {
  const wanted = plan.nodeAddresses.map(hostPrefix);
  const [link] = await ipJson<IpLink>(["address", "show", "dev", plan.tun]);
  const stale = (link?.addr_info ?? [])
    .filter((info) => !info.local.startsWith("fe80:"))
    .map((info) => `${info.local}/${info.prefixlen}`)
    .filter((prefix) => !wanted.includes(prefix));
  return [
    [...["link", "set", plan.tun, "mtu", String(plan.overlayMtu)], "gso_max_segs", String(plan.gsoMaxSegments), "up"],
    ...stale.map((prefix) => ["address", "del", prefix, "dev", plan.tun]),
    ...wanted.map((prefix) => [
      ...["address", "replace", prefix, "dev", plan.tun],
      ...(prefix.includes(":") ? ["nodad"] : []),
    ]),
  ];
}

async function allRoutes(ipv6: boolean): Promise<IpRoute[]> {
  const families = ipv6 ? ["-4", "-6"] : ["-4"];
  const lists = await Promise.all(families.map((family) => ipJson<IpRoute>([family, "-details", "route", "show"])));
  return lists.flat();
}

async function acceptForwarding(plan: HostPlan): Promise<number> {
  let added = 0;
  for (const program of iptablesOf(plan)) added += await ensureAccept(program, interfacesOf(plan));
  return added;
}

function iptablesOf(plan: HostPlan): IptablesProgram[] {
  return [...(hasIpv4(plan) ? (["iptables"] as const) : []), ...(hasIpv6(plan) ? (["ip6tables"] as const) : [])];
}

function interfacesOf(plan: HostPlan): string[] {
  return [plan.tun, `${HOST_INTERFACE_PREFIX}+`];
}

function hasIpv4(plan: HostPlan): boolean {
  return plan.podCidrs.some((cidr) => !cidr.includes(":"));
}

function hasIpv6(plan: HostPlan): boolean {
  return plan.podCidrs.some((cidr) => cidr.includes(":"));
}

function hostPrefix(address: string): string {
  return `${address}/${address.includes(":") ? 128 : 32}`;
}
