import type { AgentIpam, ControlIpam } from "@warren/common/api/types.ts";
import { readFromEither } from "../client/local-api.ts";
import { type CommandContext, print } from "../context.ts";
import { formatAge, formatCount, formatUntil } from "../output/human.ts";
import { type Column, formatTable } from "../output/table.ts";

export async function run(context: CommandContext): Promise<void> {
  const ipam = await readFromEither<AgentIpam | ControlIpam>(context, ["control", "agent"], "/v1/ipam");
  await print(context, ipam, (wide) => (ipam.role === "agent" ? agentTables(ipam, wide) : controlTables(ipam, wide)));
}

type RowOf<List> = List extends readonly (infer Row)[] ? Row : never;

const POOLS: readonly Column<RowOf<ControlIpam["pools"]>>[] = [
  { header: "POOL", cell: (pool) => pool.cidr },
  { header: "NODE-PREFIX", cell: (pool) => `/${pool.nodePrefix}` },
  { header: "POD-CIDRS", cell: (pool) => formatCount(pool.capacity) },
  { header: "LEASED", cell: (pool) => formatCount(pool.leased) },
  { header: "RESERVED", cell: (pool) => formatCount(pool.reserved) },
  { header: "FREE", cell: (pool) => formatCount(pool.capacity - pool.leased - pool.reserved) },
];

const CONTROL_LEASES: readonly Column<RowOf<ControlIpam["leases"]>>[] = [
  { header: "LEASE", cell: (lease) => lease.cidr },
  { header: "NODE", cell: (lease) => lease.node },
  { header: "EPOCH", cell: (lease) => String(lease.epoch) },
  { header: "AGE", cell: (lease) => formatAge(lease.since) },
  { header: "KEPT-FOR", cell: (lease) => (lease.retainedUntil === null ? "" : formatUntil(lease.retainedUntil)) },
  { header: "NODE-ID", cell: (lease) => lease.nodeId, wide: true },
];

const RESERVATIONS: readonly Column<RowOf<ControlIpam["reservations"]>>[] = [
  { header: "RESERVED", cell: (reservation) => reservation.cidr },
  { header: "NOTE", cell: (reservation) => reservation.note },
];

const AGENT_LEASES: readonly Column<RowOf<AgentIpam["leases"]>>[] = [
  { header: "LEASE", cell: (lease) => lease.cidr },
  { header: "NODE-ADDRESS", cell: (lease) => lease.nodeAddress },
  { header: "CAPACITY", cell: (lease) => formatCount(lease.capacity) },
  { header: "USED", cell: (lease) => formatCount(lease.used) },
];

const ADDRESSES: readonly Column<RowOf<AgentIpam["addresses"]>>[] = [
  { header: "ADDRESS", cell: (each) => each.address },
  { header: "NAMESPACE", cell: (each) => each.namespace },
  { header: "POD", cell: (each) => each.pod },
];

function controlTables(ipam: ControlIpam, wide: boolean): string {
  return sections(
    formatTable(POOLS, ipam.pools, wide),
    ipam.leases.length > 0 && formatTable(CONTROL_LEASES, ipam.leases, wide),
    ipam.reservations.length > 0 && formatTable(RESERVATIONS, ipam.reservations, wide),
  );
}

function agentTables(ipam: AgentIpam, wide: boolean): string {
  return sections(
    formatTable(AGENT_LEASES, ipam.leases, wide),
    ipam.addresses.length > 0 && formatTable(ADDRESSES, ipam.addresses, wide),
  );
}

function sections(...tables: readonly (string | false)[]): string {
  return tables.filter((table) => table !== false).join("\n");
}
