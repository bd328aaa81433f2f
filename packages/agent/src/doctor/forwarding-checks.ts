import { WarrenError } from "@warren/common/errors/warren-error.ts";
import { tryRun } from "@warren/common/runtime/run.ts";
import { filterRules } from "../platform/linux/docker-user.ts";
import { readSysctl } from "../platform/linux/sysctl.ts";
import { fail, ok, warn } from "./check-result.ts";
import type { Check } from "./doctor.ts";

/** The agent turns forwarding on; a container may not let it. */
export function checkForwarding(): Check[] {
  return (
    [
      ["forwarding IPv4", ["net", "ipv4", "ip_forward"]],
      ["forwarding IPv6", ["net", "ipv6", "conf", "all", "forwarding"]],
    ] as const
  ).map(([name, key]) => {
    const value = readSysctl(key);
    if (value === null) return warn(name, "this kernel does not have it", "");
    return ok(name, value === "0" ? "off; an agent turns it on" : "on");
  });
}

/** What drops forwarded packets. Docker's DROP is dealt with; a policy of somebody's own table is not. */
export async function checkFilter(): Promise<Check[]> {
  const checks: Check[] = [];
  for (const program of ["iptables", "ip6tables"] as const) {
    const listing = await filterRules(program);
    if (listing === null) continue;
    const drop = listing.includes("-P FORWARD DROP");
    const docker = listing.includes("-N DOCKER-USER");
    const detail = drop
      ? `the policy of FORWARD is DROP; an agent adds accept rules to ${docker ? "DOCKER-USER" : "FORWARD"}`
      : "the policy of FORWARD is ACCEPT";
    checks.push(ok(program, detail));
  }
  return [...checks, await checkNftables()];
}

async function checkNftables(): Promise<Check> {
  const name = "nftables";
  const result = await tryRun("nft", ["-j", "list", "chains"]).catch((error: unknown) => {
    if (error instanceof WarrenError && error.code === "tool-missing") return null;
    throw error;
  });
  if (result === null) return warn(name, "not tested: nft is not installed", "install the package nftables");
  if (result.code !== 0) return fail(name, result.stderr.trim(), "load the kernel module nf_tables");
  const { nftables } = JSON.parse(result.stdout) as { nftables: { chain?: NftChain }[] };
  const blocking = nftables
    .map((item) => item.chain)
    // The table `filter` of the families ip and ip6 is iptables' own, looked at above.
    .filter((chain) => chain?.hook === "forward" && chain.policy === "drop" && chain.table !== "filter")
    .map((chain) => `${chain!.family} ${chain!.table} ${chain!.name}`);
  return blocking.length === 0
    ? ok(name, "no other table drops what is forwarded")
    : warn(
        name,
        `the chain ${blocking.join(", ")} drops what is forwarded`,
        'let it accept iifname and oifname "warren0" and "wrn*"',
      );
}

interface NftChain {
  readonly family: string;
  readonly table: string;
  readonly name: string;
  readonly hook?: string;
  readonly policy?: string;
}
