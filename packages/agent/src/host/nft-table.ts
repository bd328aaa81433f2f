import type { DropReason } from "../dataplane/drop.ts";
import type { OverlayGuard } from "../dataplane-host/overlay-guard.ts";
import type { NftCommand } from "../platform/linux/nft.ts";
import { HOST_INTERFACE_PREFIX } from "../pods/pod-names.ts";
import type { PodSource } from "../pods/pod-set.ts";
import { compileOverlayRules } from "./overlay-rules.ts";
import { type UnderlayGuard, underlayGuardCommands } from "./underlay-guard.ts";

export const NFT_FAMILY = "inet";
export const NFT_TABLE = "warren";

/** Before connection tracking: what is dropped here costs nothing more. */
const PRIORITY_RAW = -300;

/**
 * Our whole table, as one transaction that replaces it: whatever was in it before, it holds exactly this after.
 *
 *     table inet warren {
 *       set pods4 { type ifname . ipv4_addr; elements = { "wrn3f2…" . 10.244.1.2 } }
 *       set pods6 { type ifname . ipv6_addr; }
 *       chain pod-source { type filter hook prerouting priority raw;
 *         iifname "wrn*" meta nfproto ipv4 iifname . ip saddr != @pods4 counter drop
 *         iifname "wrn*" meta nfproto ipv6 iifname . ip6 saddr != @pods6 counter drop } }
 *
 * and, where the kernel's device carries the overlay, the rules of `overlay-rules.ts`.
 *
 * A pod that is not in the sets can send nothing: the guard fails closed. Link-local IPv6 sources are refused too; a pod
 * needs no neighbour discovery (`linux-pod-network.ts`), and a router advertisement would come from one.
 *
 * @param guard the part against forged pod traffic from the underlay (`underlay-guard.ts`)
 */
export function compileNftTable(
  pods: readonly PodSource[],
  guard: UnderlayGuard | null = null,
  overlay: OverlayGuard | null = null,
  overlayDrops: Partial<Record<DropReason, number>> = {},
): NftCommand[] {
  const table = { family: NFT_FAMILY, table: NFT_TABLE };
  return [
    // Adding what is there is no error, so the delete after it always finds a table.
    { add: { table: { family: NFT_FAMILY, name: NFT_TABLE } } },
    { delete: { table: { family: NFT_FAMILY, name: NFT_TABLE } } },
    { add: { table: { family: NFT_FAMILY, name: NFT_TABLE } } },
    ...SOURCE_SETS.map(({ name, type, v6 }) => sourceSet(name, type, sourceElements(pods, v6))),
    {
      add: {
        chain: {
          ...table,
          name: "pod-source",
          type: "filter",
          hook: "prerouting",
          prio: PRIORITY_RAW,
          policy: "accept",
        },
      },
    },
    sourceRule("ipv4", "ip", "pods4"),
    sourceRule("ipv6", "ip6", "pods6"),
    ...(guard ? underlayGuardCommands(table, PRIORITY_RAW, guard) : []),
    ...(overlay ? compileOverlayRules(table, overlay, overlayDrops) : []),
  ];
}

/** Only the pods, in a table that is there: with thousands of peers the rest of it takes longer than making the pod. */
export function compilePodSources(pods: readonly PodSource[]): NftCommand[] {
  return SOURCE_SETS.flatMap(({ name, v6 }) => {
    const set = { family: NFT_FAMILY, table: NFT_TABLE, name };
    const elem = sourceElements(pods, v6);
    return [{ flush: { set } }, ...(elem.length > 0 ? [{ add: { element: { ...set, elem } } }] : [])];
  });
}

/** Takes the table away; no error when it is not there. */
export function removeNftTable(): NftCommand[] {
  const table = { family: NFT_FAMILY, name: NFT_TABLE };
  return [{ add: { table } }, { delete: { table } }];
}

const SOURCE_SETS = [
  { name: "pods4", type: "ipv4_addr", v6: false },
  { name: "pods6", type: "ipv6_addr", v6: true },
] as const;

function sourceElements(pods: readonly PodSource[], v6: boolean): NftCommand[] {
  return pods.flatMap((pod) =>
    pod.addresses
      .filter((address) => address.includes(":") === v6)
      .map((address) => ({ concat: [pod.hostInterface, address] })),
  );
}

function sourceSet(name: string, type: string, elem: readonly NftCommand[]): NftCommand {
  const set = { family: NFT_FAMILY, table: NFT_TABLE, name, type: ["ifname", type] };
  return { add: { set: elem.length > 0 ? { ...set, elem } : set } };
}

function sourceRule(nfproto: string, protocol: string, set: string): NftCommand {
  const source = [{ meta: { key: "iifname" } }, { payload: { protocol, field: "saddr" } }];
  return {
    add: {
      rule: {
        family: NFT_FAMILY,
        table: NFT_TABLE,
        chain: "pod-source",
        expr: [
          { match: { op: "==", left: { meta: { key: "iifname" } }, right: `${HOST_INTERFACE_PREFIX}*` } },
          { match: { op: "==", left: { meta: { key: "nfproto" } }, right: nfproto } },
          { match: { op: "!=", left: { concat: source }, right: `@${set}` } },
          { counter: null },
          { drop: null },
        ],
      },
    },
  };
}
