/**
 * Bad networks by nftables (this kernel and many others have no netem): rules on the ingress hook of a host's `eth0`,
 * in a table of the lab's own inside the host's namespace.
 */
import { run, tryRun } from "@warren/common/runtime/run.ts";
import { enterArgs } from "./netns.ts";

const TABLE = "lab_faults";

/** Which arriving packets a fault is for; all of them when empty. */
export interface FaultMatch {
  /** Source address of the sender, IPv4 or IPv6. */
  readonly from?: string;
  readonly udpPort?: number;
  readonly tcpPort?: number;
  /** Only packets longer than this many bytes (network layer): a path-MTU black hole. */
  readonly longerThan?: number;
}

export type Fault =
  /** Every matching packet. */
  | { readonly kind: "blackhole" }
  /** At random, 0 to 100. */
  | { readonly kind: "loss"; readonly percent: number }
  /** Exactly every n-th, beginning with the first. */
  | { readonly kind: "every"; readonly n: number };

/** Replaces the fault on what arrives at `eth0` of the namespace. */
export async function setFault(netns: string, fault: Fault, match: FaultMatch = {}): Promise<void> {
  await clearFault(netns);
  const rule = [...matchers(match), ...chance(fault), "counter", "drop"].join(" ");
  const input = `table netdev ${TABLE} {
  chain in {
    type filter hook ingress device "eth0" priority 0; policy accept;
    ${rule}
  }
}
`;
  await run("nsenter", enterArgs(netns, "nft", ["-f", "-"]), { input });
}

export async function clearFault(netns: string): Promise<void> {
  await tryRun("nsenter", enterArgs(netns, "nft", ["delete", "table", "netdev", TABLE]));
}

function matchers({ from, udpPort, tcpPort, longerThan }: FaultMatch): string[] {
  return [
    ...(from === undefined ? [] : [`${from.includes(":") ? "ip6" : "ip"} saddr ${from}`]),
    ...(udpPort === undefined ? [] : [`udp dport ${udpPort}`]),
    ...(tcpPort === undefined ? [] : [`tcp dport ${tcpPort}`]),
    ...(longerThan === undefined ? [] : [`meta length > ${longerThan}`]),
  ];
}

function chance(fault: Fault): string[] {
  switch (fault.kind) {
    case "blackhole":
      return [];
    case "loss":
      return [`numgen random mod 100 < ${fault.percent}`];
    case "every":
      return [`numgen inc mod ${fault.n} 0`];
  }
}
