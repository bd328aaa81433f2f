import { rmSync } from "node:fs";
import { join } from "node:path";
import { nodeAddress } from "@warren/common/net/node-address.ts";
import { parsePrefix } from "@warren/common/net/prefix.ts";
import { replaceFile } from "@warren/common/runtime/replace-file.ts";

/** What a host's other programs may want to know of the overlay. */
export interface Subnet {
  /** The cluster's. */
  readonly pools: readonly string[];
  /** The node's. */
  readonly podCidrs: readonly string[];
  readonly mtu: number;
}

/**
 * `subnet.env` in the run directory: the overlay in the keys that flannel made customary, as shell assignments, for an
 * `EnvironmentFile=` or a script. Whoever may enter the directory may read it.
 */
export class SubnetFile {
  readonly #path: string;
  #written = "";

  constructor(runDir: string) {
    this.#path = join(runDir, "subnet.env");
  }

  /** Throws `disk-full`, with the old content untouched. */
  write(subnet: Subnet): void {
    const text = subnetEnv(subnet);
    if (text === this.#written) return;
    replaceFile(this.#path, text, 0o644);
    this.#written = text;
  }

  remove(): void {
    rmSync(this.#path, { force: true });
    this.#written = "";
  }
}

/**
 * As flannel writes it (WriteSubnetFile in its pkg/subnet; several pools as its CNI plugin reads them): the node's block by
 * its first usable address, keys of a family only where the node has it. FLANNEL_IPMASQ says that somebody else need not
 * masquerade; Warren leaves what goes to outside of the cluster to others.
 */
export function subnetEnv({ pools, podCidrs, mtu }: Subnet): string {
  const families = [
    { prefix: "FLANNEL", family: 4 },
    { prefix: "FLANNEL_IPV6", family: 6 },
  ].flatMap(({ prefix, family }) => {
    const of = (cidrs: readonly string[]) => cidrs.filter((cidr) => parsePrefix(cidr).address.family === family);
    const blocks = of(podCidrs).map((cidr) => `${nodeAddress(cidr)}/${parsePrefix(cidr).length}`);
    return blocks.length === 0
      ? []
      : [`${prefix}_NETWORK=${of(pools).join(",")}`, `${prefix}_SUBNET=${blocks.join(",")}`];
  });
  return [...families, `FLANNEL_MTU=${mtu}`, "FLANNEL_IPMASQ=false", ""].join("\n");
}
