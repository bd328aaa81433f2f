import type { Reservation } from "@warren/common/api/types.ts";
import { WarrenError } from "@warren/common/errors/warren-error.ts";
import { formatPrefix, type Prefix, parsePrefix, prefixesOverlap } from "@warren/common/net/prefix.ts";
import type { MeshContext } from "./context.ts";
import { claimIpam } from "./ipam-state.ts";

/**
 * Keeps addresses of a pool from being leased.
 * @throws `already-exists` when it is reserved, or a node holds a lease in it, naming the node; `usage` when it lies in
 *   no pool; `address-invalid`
 */
export async function addReservation(context: MeshContext, cidrText: string, note: string): Promise<Reservation> {
  const { view, transactor, logger } = context;
  const prefix = parsePrefix(cidrText);
  const cidr = formatPrefix(prefix);
  if (!context.pools.some((pool) => prefixesOverlap(pool.prefix, prefix) && prefix.length >= pool.prefix.length)) {
    throw new WarrenError("usage", `${cidr} lies in no pool; the pools are ${view.cluster.pools.join(", ")}`);
  }
  const reservation = { cidr, note: note.slice(0, 200) };
  await transactor.run((draft) => {
    if (draft.read(view.reservations, cidr)) throw new WarrenError("already-exists", `${cidr} is reserved already`);
    checkUnleased(context, prefix);
    claimIpam(context, draft);
    draft.put(view.reservations, cidr, reservation);
  });
  logger.info(reservation, "reservation made");
  return reservation;
}

/** @throws `not-found` */
export async function removeReservation(context: MeshContext, cidrText: string): Promise<Reservation> {
  const { view, transactor, logger } = context;
  const cidr = formatPrefix(parsePrefix(cidrText));
  const reservation = await transactor.run((draft) => {
    const found = draft.read(view.reservations, cidr);
    if (!found) throw new WarrenError("not-found", `${cidr} is not reserved; "warren ipam" lists what is`);
    claimIpam(context, draft);
    draft.delete(view.reservations, cidr);
    return found;
  });
  logger.info(reservation, "reservation removed");
  return reservation;
}

/** @throws `already-exists` when a node holds a lease inside the prefix */
export function checkUnleased({ view }: MeshContext, prefix: Prefix): void {
  for (const lease of view.leases.values()) {
    if (lease.nodeId === null || !prefixesOverlap(parsePrefix(lease.cidr), prefix)) continue;
    throw new WarrenError(
      "already-exists",
      `${formatPrefix(prefix)} shares addresses with ${lease.cidr}, which node ${lease.lastNode} (${lease.nodeId}) has; ` +
        "choose other addresses, or let that node go first",
    );
  }
}
