import { SEALING_CIPHERS, type SealingCipher, WIREGUARD_CIPHER } from "@warren/common/net/cipher.ts";
import type { ClusterMessage, NodeMessage } from "@warren/common/rpc/messages.ts";

/** How long sessions and handshakes of the last cipher are good: a handshake that nobody understood is tried again after 5 s. */
const LINGER_MS = 15_000;

interface Pair {
  cipher: SealingCipher;
  readonly lingerMs: Map<SealingCipher, number>;
}

/**
 * With which cipher each peer's sessions are made, and which others are good as well. When it changes, the two nodes hear
 * of it one after the other, and what they have goes on until both have a session of the new kind.
 */
export class PeerCiphers {
  readonly #pairs = new Map<string, Pair>();

  /** What was said of the peer last; of a new one, nothing lingers. */
  use(nowMs: number, nodeId: string, cipher: SealingCipher): readonly SealingCipher[] {
    const pair = this.#pairs.get(nodeId) ?? { cipher, lingerMs: new Map() };
    this.#pairs.set(nodeId, pair);
    if (pair.cipher !== cipher) pair.lingerMs.set(pair.cipher, nowMs + LINGER_MS);
    pair.lingerMs.delete(cipher);
    pair.cipher = cipher;
    for (const [old, untilMs] of pair.lingerMs) if (untilMs <= nowMs) pair.lingerMs.delete(old);
    return [...pair.lingerMs.keys()];
  }

  /** Forgets peers that are not among these. */
  keep(nodeIds: ReadonlySet<string>): void {
    for (const nodeId of this.#pairs.keys()) if (!nodeIds.has(nodeId)) this.#pairs.delete(nodeId);
  }

  /** When the next cipher stops being good; null when none lingers. Of a peer that is not asked about, it may have. */
  nextMs(nowMs: number): number | null {
    const all = [...this.#pairs.values()].flatMap(({ lingerMs }) => [...lingerMs.values()]).filter((ms) => ms > nowMs);
    return all.length > 0 ? Math.min(...all) : null;
  }
}

/**
 * The cipher between a node and a peer: the cluster's, unless the pair has one of its own. A foreign peer speaks WireGuard,
 * which has one cipher, whatever the cluster has gone over to.
 */
export function pairCipher(
  { pair_ciphers: pairs }: Pick<ClusterMessage, "pair_ciphers">,
  a: string,
  { id: b, foreign }: Pick<NodeMessage, "id" | "foreign">,
  cluster: SealingCipher,
): SealingCipher {
  if (foreign) return WIREGUARD_CIPHER;
  const own = pairs.find(({ node_a, node_b }) => (node_a === a && node_b === b) || (node_a === b && node_b === a));
  return SEALING_CIPHERS.find((one) => one === own?.cipher) ?? cluster;
}
