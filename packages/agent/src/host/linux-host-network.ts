import { WarrenError } from "@warren/common/errors/warren-error.ts";
import { formatAddress, parseAddress } from "@warren/common/net/address.ts";
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
import { checkRoot, checkTun, requireTool } from "./preflight.ts";

/** The host of this process: its network namespace, its packet filter, its settings. */
export function createLinuxHostNetwork(): HostNetwork {
  let nft: Promise<Nft> | undefined;
  let plan: HostPlan | undefined;
  /** What our table holds; it is there while one of the two is not null. */
  let pods: readonly PodSource[] | null = null;
  let overlay: OverlayGuard | null = null;
  /** The counters of the table begin again with each change of it: what they had counted until then. */
  let overlayDrops: Partial<Record<DropReason, number>> = {};

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
  const applyGuard = async (): Promise<void> =>
    (await filter()).apply(pods || overlay ? compileNftTable(pods ?? [], overlay, overlayDrops) : removeNftTable());

  /** False when the table is not as we left it. */
  const tryPodSources = async (next: readonly PodSource[]): Promise<boolean> => {
    try {
      await (await filter()).apply(compilePodSources(next));
      return true;
    } catch {
      return false;
    }
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

    underlay: findUnderlay,

    async apply(next) {
      // First, so that `clean` also finds what a plan left that failed half-way.
      plan = next;
      const ipv6 = hasIpv6(next);
      hardenTun(next.tun, ipv6);
      enableForwarding({ ipv4: hasIpv4(next), ipv6 });
      // The interface first: a route names the address it sends from.
      await ipBatch(await tunLines(next));
      await ipBatch(planRoutes(next, await allRoutes(ipv6)));
      await acceptForwarding(next);
    },

    async guardPods(next) {
      const isThere = pods !== null && overlay !== null;
      pods = next;
      if (isThere && (await tryPodSources(next))) return;
      overlayDrops = await readDrops();
      await applyGuard();
    },

    overlayGuard: {
      async set(next) {
        if (JSON.stringify(next) === JSON.stringify(overlay)) return;
        overlayDrops = await readDrops();
        overlay = next;
        await applyGuard();
      },
      drops: readDrops,
    },

    async repair() {
      if (!plan) return [];
      const repaired: string[] = [];
      if (!(await (await filter()).hasTable(NFT_FAMILY, NFT_TABLE))) {
        await applyGuard();
        repaired.push(`the nftables table ${NFT_FAMILY} ${NFT_TABLE} was gone`);
      }
      if ((await acceptForwarding(plan)) > 0) repaired.push("the rules that let pod traffic be forwarded were gone");
      return repaired;
    },

    async clean({ podsRemain }) {
      if (!plan) return;
      await ipBatch(removeRoutes(await allRoutes(hasIpv6(plan))));
      for (const program of iptablesOf(plan)) await removeAccept(program, interfacesOf(plan));
      if (!podsRemain) {
        overlayDrops = await readDrops();
        pods = null;
        await applyGuard();
      }
      plan = undefined;
    },
  };
}

/** Throws `address-not-local`, with the addresses this host has. */
export async function findUnderlay(address: string): Promise<UnderlayInterface> {
  const links = await ipJson<IpLink>(["address", "show"]);
  const wanted = formatAddress(parseAddress(address));
  const link = links.find((candidate) => candidate.addr_info?.some((info) => info.local === wanted));
  if (link) return { name: link.ifname, mtu: link.mtu };
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
