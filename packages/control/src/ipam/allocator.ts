import { WarrenError } from "@warren/common/errors/warren-error.ts";
import type { IpFamily } from "@warren/common/net/address.ts";
import {
  formatPrefix,
  nthSubnet,
  type Prefix,
  parsePrefix,
  prefixesOverlap,
  prefixSize,
  subnetCount,
  subnetIndex,
} from "@warren/common/net/prefix.ts";
import type { LeaseRecord } from "../registry/keys.ts";
import type { Pool } from "./pools.ts";

/** Addresses of a pool that no lease may have, and why. */
export interface Block {
  readonly prefix: Prefix;
  /** Such as `reserved ("printers")` or `foreign peer gw1`. */
  readonly why: string;
}

/** All that decides on a lease. The allocator is a function of this: no store, no clock. */
export interface IpamState {
  readonly pools: readonly Pool[];
  /** Every lease there is or was, by CIDR. */
  readonly leases: ReadonlyMap<string, LeaseRecord>;
  readonly blocks: readonly Block[];
  /**
   * When a holder was last heard of, if it is so long ago that its CIDRs may be given to others; null while they are
   * kept for it.
   */
  expiredSince(nodeId: string): number | null;
  readonly nowMs: number;
}

export interface LeaseRequest {
  readonly nodeId: string;
  readonly node: string;
  /** What the node says it held when it was last up. */
  readonly held: readonly string[];
  /** Take whatever is free when `held` is gone. */
  readonly acceptNewLease: boolean;
}

export interface LeaseDecision {
  /** One per address family of the pools, IPv4 first. */
  readonly podCidrs: readonly string[];
  readonly epoch: number;
  /** Records to write; empty when the node has its lease already. */
  readonly changes: readonly LeaseRecord[];
}

/**
 * The lease of a node. In this order: the one it holds; the one it held, by its own word or by the records; a CIDR that
 * nobody ever had; one that is free again; one whose holder was not heard of for the retention time.
 * @throws `lease-lost` when the held CIDRs are another's now and `acceptNewLease` is not set; `pool-exhausted`
 */
export function decideLease(state: IpamState, request: LeaseRequest): LeaseDecision {
  const current = [...state.leases.values()].filter((lease) => lease.nodeId === request.nodeId);
  if (current.length > 0) {
    if (!request.acceptNewLease) checkHeldIsCurrent(request, current);
    return { podCidrs: inOrder(current), epoch: maxEpoch(current), changes: [] };
  }
  if (!request.acceptNewLease) for (const cidr of request.held) checkGrantable(state, request, cidr);

  const chosen = familiesOf(state.pools).map((family) => choose(state, request, family));
  const records = chosen.map((cidr) => state.leases.get(cidr));
  const returned = records.every((record) => record?.nodeId === null && record.lastNodeId === request.nodeId);
  // One number for the whole lease. It grows unless all of it comes back to the one who had it last.
  const epoch = maxEpoch(records) + (returned ? 0 : 1);
  const evicted = evictions(state, request, records);
  const granted = chosen.map((cidr) => ({
    cidr,
    nodeId: request.nodeId,
    lastNodeId: request.nodeId,
    lastNode: request.node,
    epoch,
    sinceMs: state.nowMs,
  }));
  return { podCidrs: inOrder(granted), epoch, changes: [...evicted, ...granted] };
}

/** A lease is lost whole: what else the old holders of chosen CIDRs had becomes free. */
function evictions(
  state: IpamState,
  request: LeaseRequest,
  taken: readonly (LeaseRecord | undefined)[],
): LeaseRecord[] {
  const losers = new Set(taken.map((record) => record?.nodeId).filter((id) => id && id !== request.nodeId));
  const takenCidrs = new Set(taken.map((record) => record?.cidr));
  return [...state.leases.values()]
    .filter((lease) => losers.has(lease.nodeId) && !takenCidrs.has(lease.cidr))
    .map((lease) => ({ ...lease, nodeId: null, sinceMs: state.nowMs }));
}

/** The lease records after `nodeId` gave up its lease. */
export function endLease(leases: readonly LeaseRecord[], nowMs: number): LeaseRecord[] {
  return leases.map((lease) => ({ ...lease, nodeId: null, sinceMs: nowMs }));
}

/** A node that was set back to an older state still has pods on what it held then. */
function checkHeldIsCurrent(request: LeaseRequest, current: readonly LeaseRecord[]): void {
  const stale = request.held.find((cidr) => !current.some((lease) => lease.cidr === cidr));
  if (stale === undefined) return;
  throw new WarrenError(
    "lease-lost",
    `the lease of ${stale} is no longer node ${request.node}'s: it has ${inOrder(current).join(" and ")} now. ` +
      "Its pods must go before it takes that one",
  );
}

function checkGrantable(state: IpamState, request: LeaseRequest, cidr: string): void {
  const why = obstacle(state, request, cidr);
  if (why === null) return;
  throw new WarrenError(
    "lease-lost",
    `the lease of ${cidr} is no longer node ${request.node}'s: ${why}. Its pods must go before it takes another one`,
  );
}

/** Why this CIDR cannot be the node's; null when it can. */
function obstacle(state: IpamState, request: LeaseRequest, cidr: string): string | null {
  const prefix = parsePrefix(cidr);
  const pool = state.pools.find((candidate) => isCell(candidate, prefix));
  if (!pool) return `it is no pod CIDR of the pools ${state.pools.map((p) => formatPrefix(p.prefix)).join(", ")}`;
  const block = state.blocks.find((candidate) => prefixesOverlap(candidate.prefix, prefix));
  if (block) return `it is ${block.why}`;
  const lease = state.leases.get(formatPrefix(prefix));
  if (!lease?.nodeId || lease.nodeId === request.nodeId) return null;
  if (state.expiredSince(lease.nodeId) !== null) return null;
  return `node ${lease.lastNode} (${lease.lastNodeId}) has it, with epoch ${lease.epoch}`;
}

function isCell(pool: Pool, prefix: Prefix): boolean {
  return prefix.length === pool.nodePrefix && subnetIndex(pool.prefix, prefix) !== undefined;
}

function choose(state: IpamState, request: LeaseRequest, family: IpFamily): string {
  const pools = state.pools.filter((pool) => pool.prefix.address.family === family);
  return (
    request.held.find(
      (cidr) => parsePrefix(cidr).address.family === family && obstacle(state, request, cidr) === null,
    ) ??
    previous(state, request, family) ??
    firstOf(pools, (pool) => neverUsed(state, pool)) ??
    free(state, family) ??
    expired(state, family) ??
    exhausted(state, pools)
  );
}

function firstOf(pools: readonly Pool[], pick: (pool: Pool) => string | undefined): string | undefined {
  for (const pool of pools) {
    const cidr = pick(pool);
    if (cidr !== undefined) return cidr;
  }
  return undefined;
}

/** The one it had: known by its id, or, for a machine that was set up anew, by its name. */
function previous(state: IpamState, request: LeaseRequest, family: IpFamily): string | undefined {
  const candidates = released(state, family);
  const byId = candidates.find((lease) => lease.lastNodeId === request.nodeId);
  return (byId ?? candidates.find((lease) => lease.lastNode === request.node))?.cidr;
}

/** The lowest block of the pool that has no record; walks over what is blocked in one step. */
function neverUsed(state: IpamState, pool: Pool): string | undefined {
  const count = subnetCount(pool.prefix, pool.nodePrefix);
  for (let index = 0n; index < count; ) {
    const prefix = nthSubnet(pool.prefix, pool.nodePrefix, index);
    const block = state.blocks.find((candidate) => prefixesOverlap(candidate.prefix, prefix));
    if (block) {
      const size = prefixSize(block.prefix) / prefixSize(prefix);
      const start = subnetIndex(pool.prefix, block.prefix);
      if (start === undefined) return undefined; // the block holds the whole pool
      index = size > 1n ? (start + 1n) * size : index + 1n;
      continue;
    }
    const cidr = formatPrefix(prefix);
    if (!state.leases.has(cidr)) return cidr;
    index += 1n;
  }
  return undefined;
}

/** Leases that are over, of CIDRs that may be given, longest free first. */
function released(state: IpamState, family: IpFamily): LeaseRecord[] {
  return [...state.leases.values()]
    .filter((lease) => lease.nodeId === null && isOffered(state, lease, family))
    .sort((a, b) => a.sinceMs - b.sinceMs || (a.cidr < b.cidr ? -1 : 1));
}

function free(state: IpamState, family: IpFamily): string | undefined {
  return released(state, family)[0]?.cidr;
}

/** Of the holders that are gone for longer than the retention time, the one that is gone longest. */
function expired(state: IpamState, family: IpFamily): string | undefined {
  let best: { cidr: string; since: number } | undefined;
  for (const lease of state.leases.values()) {
    const since = lease.nodeId === null ? null : state.expiredSince(lease.nodeId);
    if (since === null || !isOffered(state, lease, family)) continue;
    if (!best || since < best.since) best = { cidr: lease.cidr, since };
  }
  return best?.cidr;
}

function isOffered(state: IpamState, lease: LeaseRecord, family: IpFamily): boolean {
  const prefix = parsePrefix(lease.cidr);
  return prefix.address.family === family && !state.blocks.some((block) => prefixesOverlap(block.prefix, prefix));
}

function exhausted(state: IpamState, pools: readonly Pool[]): never {
  const lines = pools.map((pool) => {
    const { capacity, leased } = poolUsage(state, pool);
    return `${formatPrefix(pool.prefix)} has ${capacity} of /${pool.nodePrefix}, ${leased} leased, ${capacity - leased} reserved`;
  });
  throw new WarrenError(
    "pool-exhausted",
    `no pod CIDR is free: ${lines.join("; ")}. Remove nodes that are gone or reservations, or make the cluster with a ` +
      "larger pool",
  );
}

export interface PoolUsage {
  /** Pod CIDRs the pool can be cut into. */
  readonly capacity: number;
  readonly leased: number;
  /** Pod CIDRs that a reservation or a foreign peer keeps from being leased. */
  readonly reserved: number;
}

/** How much of a pool is in use. */
export function poolUsage(state: Pick<IpamState, "leases" | "blocks">, pool: Pool): PoolUsage {
  let leased = 0;
  for (const lease of state.leases.values()) {
    if (lease.nodeId !== null && isCell(pool, parsePrefix(lease.cidr))) leased += 1;
  }
  const blocks = state.blocks.filter((block) => prefixesOverlap(block.prefix, pool.prefix));
  // A block inside another one counts once.
  const outer = blocks.filter(
    (b) => !blocks.some((o) => o !== b && o.prefix.length < b.prefix.length && prefixesOverlap(o.prefix, b.prefix)),
  );
  const cells = new Set<string>();
  let reserved = 0n;
  for (const { prefix } of outer) {
    if (prefix.length > pool.nodePrefix)
      cells.add(formatPrefix(nthSubnet(pool.prefix, pool.nodePrefix, cellIndex(pool, prefix))));
    else if (!cells.has(formatPrefix(prefix))) {
      cells.add(formatPrefix(prefix));
      reserved += subnetCount(prefix, pool.nodePrefix) - 1n;
    }
  }
  const capacity = Number(subnetCount(pool.prefix, pool.nodePrefix));
  return { capacity, leased, reserved: Math.min(capacity, Number(reserved) + cells.size) };
}

function cellIndex(pool: Pool, inner: Prefix): bigint {
  return subnetIndex(pool.prefix, inner)! >> BigInt(inner.length - pool.nodePrefix);
}

function familiesOf(pools: readonly Pool[]): IpFamily[] {
  return ([4, 6] as const).filter((family) => pools.some((pool) => pool.prefix.address.family === family));
}

function maxEpoch(records: readonly (LeaseRecord | undefined)[]): number {
  return Math.max(0, ...records.map((record) => record?.epoch ?? 0));
}

/** IPv4 before IPv6. */
function inOrder(leases: readonly LeaseRecord[]): string[] {
  return leases.map((lease) => lease.cidr).sort((a, b) => Number(a.includes(":")) - Number(b.includes(":")));
}
