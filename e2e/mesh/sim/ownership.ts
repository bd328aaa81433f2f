import { parsePrefix, prefixesOverlap } from "@warren/common/net/prefix.ts";
import { statusOf } from "./convergence.ts";
import type { SimMesh } from "./sim-mesh.ts";

/**
 * Watches that no address ever has two owners:
 *
 * - in the records a pod CIDR changes hands only with a higher epoch, and overlaps neither another lease
 *   nor a reservation nor a foreign peer's prefix;
 * - of the nodes that are connected to the control plane and in its good books, no two forward for one address.
 *
 * A node that is cut off cannot know that its time is up. That nobody else listens to it then is what packets show.
 */
export class OwnershipWatch {
  readonly #mesh: SimMesh;
  readonly #leases = new Map<string, { readonly holder: string; readonly epoch: number }>();

  constructor(mesh: SimMesh) {
    this.#mesh = mesh;
  }

  /** Throws when somebody owns what is another's at this moment. */
  check(): void {
    if (this.#mesh.control.isUp) this.#checkRecords();
    this.#checkForwarding();
  }

  #checkRecords(): void {
    const { view } = this.#mesh.core.context;
    const held: Owned[] = [];
    for (const { cidr, nodeId, epoch } of view.leases.values()) {
      const before = this.#leases.get(cidr);
      if (before && epoch < before.epoch) throw new Error(`the epoch of ${cidr} went from ${before.epoch} to ${epoch}`);
      if (nodeId === null) continue;
      held.push({ owner: `a lease of ${nodeId}`, cidr });
      if (before && before.holder !== nodeId && epoch === before.epoch)
        throw new Error(`${cidr} went from ${before.holder} to ${nodeId} with the same epoch ${epoch}`);
      this.#leases.set(cidr, { holder: nodeId, epoch });
    }
    const foreign = view.nodes
      .values()
      .flatMap(({ name, podCidrs }) => podCidrs.map((cidr) => ({ owner: name, cidr })));
    checkDisjoint([...held, ...foreign]);
    // A foreign peer may stand in what was reserved for it; a lease may not.
    checkDisjoint([...held, ...view.reservations.values().map(({ cidr }) => ({ owner: "a reservation", cidr }))]);
  }

  #checkForwarding(): void {
    const owned: Owned[] = [];
    for (const node of this.#mesh.nodes.values()) {
      if (!node.isUp || node.forwardedPrefixes.length === 0) continue;
      const status = statusOf(node);
      if (!status?.control.connected || this.#isRevoked(status.node.id)) continue;
      for (const cidr of node.forwardedPrefixes) owned.push({ owner: node.name, cidr });
    }
    checkDisjoint(owned);
  }

  #isRevoked(nodeId: string): boolean {
    return this.#mesh.control.isUp && this.#mesh.core.context.view.revoked.get(nodeId) !== undefined;
  }
}

interface Owned {
  readonly owner: string;
  readonly cidr: string;
}

function checkDisjoint(owned: readonly Owned[]): void {
  const prefixes = owned.map(({ cidr }) => parsePrefix(cidr));
  for (const [i, a] of prefixes.entries()) {
    for (let j = i + 1; j < prefixes.length; j++) {
      if (!prefixesOverlap(a, prefixes[j]!)) continue;
      throw new Error(`${owned[i]!.owner} has ${owned[i]!.cidr} while ${owned[j]!.owner} has ${owned[j]!.cidr}`);
    }
  }
}
