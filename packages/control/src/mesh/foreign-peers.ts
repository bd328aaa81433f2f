import type { ForeignPeerRequest } from "@warren/common/api/types.ts";
import { WarrenError } from "@warren/common/errors/warren-error.ts";
import { randomId } from "@warren/common/identity/id.ts";
import { parseAddress } from "@warren/common/net/address.ts";
import { checkName } from "@warren/common/net/name.ts";
import { formatPrefix, type Prefix, parsePrefix, prefixContains, prefixesOverlap } from "@warren/common/net/prefix.ts";
import type { NodeRecord } from "../registry/keys.ts";
import type { Draft } from "../registry/transactor.ts";
import { claimNode } from "./claims.ts";
import type { MeshContext } from "./context.ts";
import { claimIpam } from "./ipam-state.ts";
import { checkUnderlay } from "./node-checks.ts";
import { forgetPairs } from "./pair-ciphers.ts";
import { vxlanPeer, wireguardPeer } from "./peer-kinds.ts";
import { releaseClaims } from "./removal.ts";
import { checkUnleased } from "./reservations.ts";
import { draftCluster } from "./sealing.ts";

const MAX_PREFIXES = 256;

/**
 * Makes a peer without an agent part of every netmap. Prefixes of it that lie in a pool are never leased.
 * @throws `node-name-taken`, `underlay-taken`, `sealing-key-taken`; `already-exists` when a prefix is leased or another
 *   peer's; `pool-overlap` for a prefix that holds a whole pool; `setting-conflict` for one that does not speak what the
 *   cluster does; `address-invalid`, `name-invalid`, `key-invalid`, `usage`
 */
export async function addForeignPeer(context: MeshContext, request: ForeignPeerRequest): Promise<NodeRecord> {
  const { view, transactor, clock, logger } = context;
  const asked = "publicKey" in request ? wireguardPeer(request) : vxlanPeer(request);
  const prefixes = checkPrefixes(context, asked.podCidrs);
  const id = randomId(12);
  const peer: NodeRecord = {
    id,
    name: checkName(asked.name, "peer"),
    underlayAddress: checkUnderlay(context, asked.underlayAddress),
    foreign: true,
    podCidrs: prefixes.map(formatPrefix),
    version: "",
    enrolledMs: clock.nowMs(),
    keyHash: "",
    joined: true,
    ...asked.record(id, view.cluster),
  };
  await transactor.run((draft) => {
    asked.admit(draftCluster(context, draft));
    for (const prefix of prefixes) {
      checkUnleased(context, prefix);
      checkOtherPeers(context, prefix);
    }
    claimNode(context, draft, peer);
    checkUnderlays(context, peer, prefixes);
    claimIpam(context, draft);
    draft.put(view.nodes, peer.id, peer);
  });
  logger.info({ peer: peer.name, underlay: peer.underlayAddress, podCidrs: peer.podCidrs }, "foreign peer added");
  return peer;
}

/** @throws `not-found` */
export async function removeForeignPeer(context: MeshContext, name: string): Promise<NodeRecord> {
  const { view, transactor, logger } = context;
  const peer = await transactor.run((draft: Draft) => {
    const found = view.nodes.get(draft.read(view.names, name) ?? "");
    if (!found?.foreign)
      throw new WarrenError("not-found", `there is no foreign peer ${JSON.stringify(name)}; "warren peers" lists all`);
    draft.read(view.nodes, found.id);
    claimIpam(context, draft);
    releaseClaims(context, draft, found);
    forgetPairs(context, draft, found.id);
    draft.delete(view.nodes, found.id);
    return found;
  });
  logger.info({ peer: peer.name }, "foreign peer removed");
  return peer;
}

function checkPrefixes({ pools }: MeshContext, texts: readonly string[]): Prefix[] {
  if (texts.length === 0 || texts.length > MAX_PREFIXES) {
    throw new WarrenError("usage", `a foreign peer has 1 to ${MAX_PREFIXES} pod CIDRs, not ${texts.length}`);
  }
  const prefixes = texts.map((text) => parsePrefix(text));
  for (const [i, prefix] of prefixes.entries()) {
    const pool = pools.find((each) => prefix.length <= each.prefix.length && prefixesOverlap(each.prefix, prefix));
    if (pool) {
      throw new WarrenError(
        "pool-overlap",
        `${formatPrefix(prefix)} holds the whole pool ${formatPrefix(pool.prefix)}`,
      );
    }
    const twin = prefixes.slice(i + 1).find((other) => prefixesOverlap(other, prefix));
    if (twin)
      throw new WarrenError("pool-overlap", `${formatPrefix(prefix)} and ${formatPrefix(twin)} share addresses`);
  }
  return prefixes;
}

/** The address a packet between nodes goes to must not be routed into the overlay. */
function checkUnderlays({ view }: MeshContext, peer: NodeRecord, prefixes: readonly Prefix[]): void {
  const nodes = view.underlays
    .values()
    .map((id) => view.nodes.get(id))
    .filter((node) => node !== undefined);
  for (const { name, underlayAddress } of [peer, ...nodes]) {
    const over = prefixes.find((prefix) => prefixContains(prefix, parseAddress(underlayAddress)));
    if (!over) continue;
    throw new WarrenError(
      "address-invalid",
      `${formatPrefix(over)} holds the underlay address ${underlayAddress} of ${name}, which is to be reached without the ` +
        "overlay; give prefixes without it",
    );
  }
}

function checkOtherPeers({ view }: MeshContext, prefix: Prefix): void {
  for (const node of view.nodes.values()) {
    const taken = node.podCidrs.find((cidr) => prefixesOverlap(parsePrefix(cidr), prefix));
    if (!node.foreign || !taken) continue;
    throw new WarrenError(
      "already-exists",
      `${formatPrefix(prefix)} shares addresses with ${taken} of foreign peer ${node.name}`,
    );
  }
}
