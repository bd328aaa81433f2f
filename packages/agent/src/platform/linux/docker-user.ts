import { WarrenError } from "@warren/common/errors/warren-error.ts";
import { tryRun } from "@warren/common/runtime/run.ts";

/** `iptables` and `ip6tables` keep apart what nftables keeps together. */
export type IptablesProgram = "iptables" | "ip6tables";

/** What has to be accepted, as `-i`/`-o` interface patterns of iptables (`wrn+` is every name that starts so). */
export function acceptRules(interfaces: readonly string[]): string[][] {
  return interfaces.flatMap((name) => [
    ["-i", name, "-j", "ACCEPT"],
    ["-o", name, "-j", "ACCEPT"],
  ]);
}

/**
 * The change that makes a host forward our traffic, read off `iptables -S`. Docker sets the policy of FORWARD to DROP
 * and leaves DOCKER-USER to others, in front of its own rules; so the rules go there when it exists, and into FORWARD
 * itself when only its policy is in the way. An accept in our own nftables table would not help: a packet has to be
 * accepted by every chain it meets.
 */
export function planAccept(listing: string, rules: readonly string[][]): { chain: string; missing: string[][] } | null {
  const lines = new Set(listing.split("\n").map((line) => line.trim()));
  const chain = lines.has("-N DOCKER-USER") ? "DOCKER-USER" : lines.has("-P FORWARD DROP") ? "FORWARD" : null;
  if (chain === null) return null;
  return { chain, missing: rules.filter((rule) => !lines.has(`-A ${chain} ${rule.join(" ")}`)) };
}

/** Puts missing accept rules in; without the program there is nothing it could have set. @returns rules added */
export async function ensureAccept(program: IptablesProgram, interfaces: readonly string[]): Promise<number> {
  const listing = await filterRules(program);
  const plan = listing === null ? null : planAccept(listing, acceptRules(interfaces));
  if (plan === null) return 0;
  for (const rule of plan.missing) await edit(program, ["-I", plan.chain, "1", ...rule]);
  return plan.missing.length;
}

/** Takes our rules out of both chains, as often as they are there. */
export async function removeAccept(program: IptablesProgram, interfaces: readonly string[]): Promise<void> {
  const listing = await filterRules(program);
  if (listing === null) return;
  const ours = new Set(acceptRules(interfaces).map((rule) => rule.join(" ")));
  for (const line of listing.split("\n")) {
    const match = /^-A (FORWARD|DOCKER-USER) (.*)$/.exec(line.trim());
    if (match && ours.has(match[2]!)) await edit(program, ["-D", match[1]!, ...match[2]!.split(" ")]);
  }
}

/** The filter table as rules; null when the program is not installed or this kernel has no such table. */
export async function filterRules(program: IptablesProgram): Promise<string | null> {
  try {
    const { code, stdout } = await tryRun(program, ["-w", "-S"]);
    return code === 0 ? stdout : null;
  } catch (error) {
    if (error instanceof WarrenError && error.code === "tool-missing") return null;
    throw error;
  }
}

async function edit(program: IptablesProgram, args: readonly string[]): Promise<void> {
  const { code, stderr } = await tryRun(program, ["-w", ...args]);
  if (code !== 0) throw new WarrenError("tool-failed", `${program} ${args.join(" ")}: ${stderr.trim()}`);
}
