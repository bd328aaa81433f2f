import { removeAccept } from "../platform/linux/docker-user.ts";
import { type IpLink, type IpRoute, ipBatch, ipJson } from "../platform/linux/ip.ts";
import { openNft } from "../platform/linux/nft.ts";
import { listSysctl } from "../platform/linux/sysctl.ts";
import { HOST_INTERFACE_PREFIX } from "../pods/pod-names.ts";
import { removeRoutes } from "./host-routes.ts";
import { NFT_FAMILY, NFT_TABLE, removeNftTable } from "./nft-table.ts";

/**
 * Takes away what an agent that was killed left on this host: a clean stop has done all of it already. Only when no
 * agent runs here any more, and its pods are gone.
 * @param tun name of the overlay device
 * @returns what there was, in words
 */
export async function sweepHost(tun: string): Promise<string[]> {
  const swept: string[] = [];
  const nft = await openNft();
  if (await nft.hasTable(NFT_FAMILY, NFT_TABLE)) {
    await nft.apply(removeNftTable());
    swept.push(`nftables table ${NFT_FAMILY} ${NFT_TABLE}`);
  }
  const links = await ipJson<IpLink>(["link", "show"]);
  const ours = links
    .map((link) => link.ifname)
    .filter((name) => name === tun || name.startsWith(HOST_INTERFACE_PREFIX));
  await ipBatch(ours.map((name) => ["link", "del", name]));
  swept.push(...ours.map((name) => `link ${name}`));
  const hasIpv6 = listSysctl(["net", "ipv6", "conf"]).length > 0;
  for (const family of ["-4", ...(hasIpv6 ? ["-6"] : [])]) {
    const lines = removeRoutes(await ipJson<IpRoute>([family, "-details", "route", "show"]));
    await ipBatch(lines);
    if (lines.length > 0) swept.push(`${lines.length} routes`);
  }
  for (const program of ["iptables", "ip6tables"] as const)
    await removeAccept(program, [tun, `${HOST_INTERFACE_PREFIX}+`]);
  return swept;
}
