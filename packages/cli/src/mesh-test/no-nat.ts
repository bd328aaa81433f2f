import { formatAddress, parseAddress } from "@warren/common/net/address.ts";
import { counted } from "./figures.ts";
import type { MeshTest } from "./mesh-test.ts";
import type { Probe } from "./probe.ts";
import { type Failure, type Finding, finding, skipped } from "./result.ts";

export const noNat: MeshTest = {
  name: "no-nat",
  about: "who is reached sees the sender's own address",
  weight: 1,
  run: async (context) => {
    const survey = await context.survey();
    if (survey.answered.length === 0) return skipped("no node answered");
    const [ofNodes, ofPods] = [await context.nodeProbes(), await context.podProbes()];
    return evaluateNoNat([...ofNodes.probes, ...ofPods.probes]);
  },
};

/** Every probe that arrived was answered with the source address that its listener saw. */
function evaluateNoNat(probes: readonly Probe[]): Finding {
  const arrived = probes.filter(({ answer }) => answer.outcome === "answered");
  const told = arrived.filter(({ answer }) => answer.seenAs !== null && answer.sentFrom !== null);
  const changed = told.filter(({ answer }) => !isSame(answer.seenAs!, answer.sentFrom!));
  const figures = { probes: told.length, changed: changed.length };
  const notes =
    told.length < probes.length
      ? [`${probes.length - told.length} of ${probes.length} probes came to nothing, and show nothing about addresses`]
      : [];
  if (told.length === 0) return skipped("no probe was answered, so no address was seen", notes);
  const failures = [...Map.groupBy(changed, ({ from, to }) => `${from.label} → ${to.label}`)].map(natFailure);
  const proven = `${told.length - changed.length} of ${counted(told.length, "probe")} arrived with the sender's own address`;
  return finding(proven, failures, { figures, notes });
}

function natFailure([subject, probes]: [string, readonly Probe[]]): Failure {
  const { from, to } = probes[0]!;
  const changes = probes.map(({ answer }) => `${answer.sentFrom} as ${answer.seenAs}`);
  const where = from.node === to.node ? from.node : `${from.node}, then on ${to.node}`;
  return {
    subject,
    problem: `${to.label} sees ${changes.join(", ")}`,
    next: `a masquerade or snat rule on ${where} takes this traffic: \`nft list ruleset\`, \`iptables -t nat -S POSTROUTING\`; let it except the pod CIDRs`,
  };
}

function isSame(one: string, other: string): boolean {
  return one === other || formatAddress(parseAddress(one)) === formatAddress(parseAddress(other));
}
