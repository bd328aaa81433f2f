import { WarrenError } from "@warren/common/errors/warren-error.ts";

/** Which address families the underlay has. With `both`, the nodes use IPv4 between each other unless told. */
export type UnderlayFamily = 4 | 6 | "both";

export interface LabOptions {
  /** Prefix of every name of the lab, unique on the machine: [a-z0-9][a-z0-9-]*, at most 20 characters. */
  readonly name: string;
  /** Number of hosts, 1 to 200. */
  readonly nodes: number;
  readonly family?: UnderlayFamily;
  /** MTU of every underlay link; default 1500. */
  readonly mtu?: number;
  /** `switch` (default): all on one bridge. `direct`: two hosts on one veth pair, control plane on the first. */
  readonly topology?: "switch" | "direct";
  /** The `warren` to run; default the checkout's. */
  readonly warren?: string;
  /** Ends the build early; what was built until then is removed. */
  readonly signal?: AbortSignal;
}

export interface PlannedNode {
  /** Name of its network namespace, and of the Warren node that runs in it. */
  readonly netns: string;
  /** Its port on the switch. */
  readonly port: string;
  /** Underlay addresses, the one to use first. */
  readonly addresses: readonly string[];
}

export interface LabPlan {
  readonly name: string;
  readonly topology: "switch" | "direct";
  readonly mtu: number;
  /** Namespace of the bridge; null in the direct topology. */
  readonly switchNetns: string | null;
  readonly control: PlannedNode;
  readonly hosts: readonly PlannedNode[];
}

/** Length of the underlay subnets: every host is on-link to every other. */
export const UNDERLAY_PREFIX = { 4: 24, 6: 64 } as const;

/**
 * Names and addresses of a lab. RFC 2544 benchmarking addresses and a unique local prefix: neither can be a real
 * neighbour of this machine, and pods (10.244/16, fd00:77::/48) are elsewhere. Throws `usage`.
 */
export function planLab(options: LabOptions): LabPlan {
  const { name, nodes, topology = "switch", family = 4, mtu = 1500 } = options;
  if (!/^[a-z0-9][a-z0-9-]{0,19}$/.test(name))
    throw new WarrenError("usage", `"${name}" is no name of a lab: expected [a-z0-9][a-z0-9-]*, at most 20 characters`);
  if (!Number.isInteger(nodes) || nodes < 1 || nodes > 200)
    throw new WarrenError("usage", `${nodes} hosts were asked for: expected 1 to 200`);
  if (topology === "direct" && nodes !== 2)
    throw new WarrenError("usage", `the direct topology has 2 hosts: ${nodes} were asked for`);
  const addresses = (suffix: number) =>
    family === "both" ? [`198.18.0.${suffix}`, v6(suffix)] : [family === 4 ? `198.18.0.${suffix}` : v6(suffix)];
  const hosts = Array.from({ length: nodes }, (_, index) => ({
    netns: `${name}-h${index + 1}`,
    port: `h${index + 1}`,
    addresses: addresses(11 + index),
  }));
  return {
    name,
    topology,
    mtu,
    switchNetns: topology === "switch" ? `${name}-sw` : null,
    control: topology === "switch" ? { netns: `${name}-ctl`, port: "ctl", addresses: addresses(2) } : hosts[0]!,
    hosts,
  };
}

const v6 = (suffix: number) => `fd18::${suffix.toString(16)}`;
