import { parsePrefix } from "@warren/common/net/prefix.ts";
import type { Block, IpamState } from "../ipam/allocator.ts";
import { keys, type LeaseRecord } from "../registry/keys.ts";
import type { Draft } from "../registry/transactor.ts";
import type { MeshContext } from "./context.ts";

/** The state of address management as the view has it. */
export function ipamState({ view, pools, liveness, clock }: MeshContext): IpamState {
  const reserved = view.reservations
    .values()
    .map(({ cidr, note }): Block => ({ prefix: parsePrefix(cidr), why: note ? `reserved ("${note}")` : "reserved" }));
  const foreign = view.nodes
    .values()
    .filter((node) => node.foreign)
    .flatMap((node) =>
      node.podCidrs.map((cidr): Block => ({ prefix: parsePrefix(cidr), why: `foreign peer ${node.name}'s` })),
    );
  return {
    pools,
    leases: view.leases.toMap(),
    blocks: [...reserved, ...foreign],
    expiredSince: (nodeId) => liveness.expiredSince(nodeId),
    nowMs: clock.nowMs(),
  };
}

/**
 * Claims address management for the transaction: of two that change leases, reservations or foreign prefixes at the same
 * time, one is tried again on what the other left. Every such write goes through here.
 */
export function claimIpam({ view }: MeshContext, draft: Draft): void {
  const changes = (draft.read(view.singles, keys.ipam) as number | undefined) ?? 0;
  draft.put(view.singles, keys.ipam, changes + 1);
}

export function putLeases({ view }: MeshContext, draft: Draft, leases: readonly LeaseRecord[]): void {
  for (const lease of leases) {
    draft.read(view.leases, lease.cidr);
    draft.put(view.leases, lease.cidr, lease);
  }
}
