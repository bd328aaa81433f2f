import { CIPHERS, type Cipher, isSealed, WIREGUARD_CIPHER } from "../net/cipher.ts";
import type { ClusterMessage, NodeMessage } from "./messages.ts";

/** How traffic with a peer is sealed. */
export type CipherOfPeer = (peer: Pick<NodeMessage, "id" | "foreign">) => Cipher | null;

/**
 * The ciphers between one node and its peers: the pair's own where there is one, else the cluster's. A foreign peer of a
 * sealed cluster speaks WireGuard, which has one cipher. Null is a cipher that this version does not know: such traffic is
 * not sent. `none` only ever comes from the cluster as a whole, never from a pair.
 */
export function ciphersOf({ cipher, pair_ciphers }: ClusterMessage, nodeId: string): CipherOfPeer {
  const ofCluster = known(cipher);
  if (!isSealed(cipher)) return () => ofCluster;
  const ofPair = new Map<string, Cipher | null>();
  for (const { node_a, node_b, cipher } of pair_ciphers) {
    if (node_a !== nodeId && node_b !== nodeId) continue;
    ofPair.set(node_a === nodeId ? node_b : node_a, isSealed(cipher) ? known(cipher) : null);
  }
  return ({ id, foreign }) => {
    if (foreign) return WIREGUARD_CIPHER;
    const own = ofPair.get(id);
    return own === undefined ? ofCluster : own;
  };
}

function known(text: string): Cipher | null {
  if (text === "") return "none";
  return CIPHERS.find((cipher) => cipher === text) ?? null;
}
