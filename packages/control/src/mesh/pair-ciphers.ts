import { didYouMean } from "@warren/common/config/did-you-mean.ts";
import { WarrenError } from "@warren/common/errors/warren-error.ts";
import { isSealed, SEALING_CIPHERS, type SealingCipher, WIREGUARD_CIPHER } from "@warren/common/net/cipher.ts";
import type { SetPairCipherRequest } from "@warren/common/rpc/messages.ts";
import type { ClusterRecord, NodeRecord } from "../registry/keys.ts";
import type { Draft } from "../registry/transactor.ts";
import { requireMember } from "./access.ts";
import type { MeshContext } from "./context.ts";
import { draftCluster } from "./sealing.ts";

/**
 * Gives the caller and one peer another cipher than the cluster's, or the cluster's again. The choice stays when the
 * cluster changes to another cipher, and ends when it seals no more, or when one of the two goes for good.
 * @throws `setting-conflict` in a plain cluster, for `none`, and for a foreign peer with another cipher than its own;
 *   `not-found` for the peer; `usage`
 */
export async function setPairCipher(
  context: MeshContext,
  nodeId: string,
  { peer_name: peerName, cipher: text }: SetPairCipherRequest,
): Promise<void> {
  const { view, transactor, logger } = context;
  const { self, peer } = await transactor.run((draft) => {
    const self = requireMember(view, nodeId);
    const cluster = draftCluster(context, draft);
    const peer = view.nodes.get(draft.read(view.names, peerName) ?? "");
    if (!peer?.joined)
      throw new WarrenError("not-found", `there is no peer ${JSON.stringify(peerName)}; "warren peers" lists all`);
    if (peer.id === self.id)
      throw new WarrenError("usage", `${self.name} is this node itself; name the peer at the other end`);
    for (const { id } of [self, peer]) draft.read(view.nodes, id);
    const id = pairId(self.id, peer.id);
    draft.read(view.pairCiphers, id);
    const cipher = text === "" ? null : checkPairCipher(cluster, peer, text);
    if (cipher === null) draft.delete(view.pairCiphers, id);
    else draft.put(view.pairCiphers, id, { ...sides(self.id, peer.id), cipher });
    return { self, peer };
  });
  logger.info({ node: self.name, peer: peer.name, cipher: text || "the cluster's" }, "cipher of a pair changed");
}

/** The pairs of a node that goes for good, in the transaction. */
export function forgetPairs({ view }: MeshContext, draft: Draft, nodeId: string): void {
  for (const [id, { nodeA, nodeB }] of view.pairCiphers.entries())
    if (nodeA === nodeId || nodeB === nodeId) draft.delete(view.pairCiphers, id);
}

/** All pairs, in the transaction: what is not sealed has no cipher. */
export function forgetAllPairs({ view }: MeshContext, draft: Draft): void {
  for (const id of view.pairCiphers.ids()) draft.delete(view.pairCiphers, id);
}

function checkPairCipher({ cipher: ofCluster }: ClusterRecord, peer: NodeRecord, text: string): SealingCipher {
  if (!isSealed(ofCluster))
    throw new WarrenError(
      "setting-conflict",
      'the cluster does not seal (cipher=none), so no pair of it can; "warren cluster set cipher=CIPHER" seals it as a whole',
    );
  if (text === "none")
    throw new WarrenError(
      "setting-conflict",
      `the cluster seals with ${ofCluster}, so no pair sends in the clear; expected ${SEALING_CIPHERS.join(", ")} or default`,
    );
  const cipher = SEALING_CIPHERS.find((known) => known === text);
  if (!cipher) {
    const known = didYouMean(text, [...SEALING_CIPHERS, "default"]);
    throw new WarrenError("usage", `cipher cannot be ${JSON.stringify(text)}${known}`);
  }
  if (peer.foreign && cipher !== WIREGUARD_CIPHER)
    throw new WarrenError(
      "setting-conflict",
      `${peer.name} is a foreign WireGuard peer, which knows ${WIREGUARD_CIPHER} and no other cipher; leave it at that`,
    );
  return cipher;
}

function pairId(one: string, other: string): string {
  const { nodeA, nodeB } = sides(one, other);
  return `${nodeA}/${nodeB}`;
}

/** A pair has no order. */
function sides(one: string, other: string): { nodeA: string; nodeB: string } {
  return one < other ? { nodeA: one, nodeB: other } : { nodeA: other, nodeB: one };
}
