import { parsePrefix, prefixContains } from "@warren/common/net/prefix.ts";
import type { ClusterMessage, NodeMessage } from "@warren/common/rpc/messages.ts";
import type { ForwardingView, PeerSealing } from "../dataplane-host/data-plane.ts";
import type { CipherStep } from "./cipher-change.ts";
import { faultOf, type Netmap } from "./netmap.ts";
import { type PeerCiphers, pairCipher } from "./peer-ciphers.ts";

/** X25519 (RFC 7748). */
const SEALING_KEY_BYTES = 32;

/** Nobody else tells whether a peer without an agent is there; 25 s also keep the way through a NAT open. */
const FOREIGN_KEEPALIVE_MS = 25_000;

/** How the cluster's traffic is sealed at this moment; see `cipher-change.ts`. */
export interface Sealing {
  readonly step: CipherStep;
  readonly peers: PeerCiphers;
  readonly nowMs: number;
}

/**
 * What the packet path needs of the netmap. A node that is down stays a peer: whether it can be reached is for packets
 * to find out, not for the control plane, which may be the one that is cut off.
 *
 * @param overlayMtu longest packet that may leave
 */
export function compileView(netmap: Netmap, self: NodeMessage, sealing?: Sealing, overlayMtu?: number): ForwardingView {
  const peers = [...netmap.nodes.values()]
    .filter((node) => node.id !== self.id && node.pod_cidrs.length > 0 && faultOf(node) === null)
    .map((node) => ({
      nodeId: node.id,
      underlayAddress: node.underlay_address,
      port: node.port || netmap.cluster.port,
      vtepMac: node.vtep_mac,
      prefixes: node.pod_cidrs,
      sealing: sealing ? peerSealing(netmap, self, node, sealing) : null,
    }));
  sealing?.peers.keep(new Set(peers.map((peer) => peer.nodeId)));
  const view = { localPrefixes: self.pod_cidrs, peers };
  if (!sealing) return view;
  const { framing, accepts } = sealing.step;
  return { ...view, framing, accepts, ...(overlayMtu === undefined ? {} : { overlayMtu }) };
}

function peerSealing(
  { cluster }: Netmap,
  self: NodeMessage,
  node: NodeMessage,
  { step, peers, nowMs }: Sealing,
): PeerSealing | null {
  if (step.cipher === null || node.sealing_key.length !== SEALING_KEY_BYTES) return null;
  const cipher = pairCipher(cluster, self.id, node, step.cipher);
  return {
    publicKey: node.sealing_key,
    port: node.sealed_port || cluster.sealed_port,
    cipher,
    alsoAccepts: peers.use(nowMs, node.id, cipher),
    persistentKeepaliveMs: node.foreign ? FOREIGN_KEEPALIVE_MS : 0,
  };
}

/** Nothing goes out and nothing comes in: for a node whose lease is not its own any more. */
export const CLOSED_VIEW: ForwardingView = { localPrefixes: [], peers: [] };

/**
 * All that the host must route into the overlay: the pools, and prefixes of foreign peers that lie outside of them, of the
 * families that the pools have: on a node without IPv6 pods the overlay's device has no IPv6.
 */
export function overlayPrefixes(cluster: ClusterMessage, nodes: Iterable<NodeMessage>): string[] {
  const pools = cluster.pod_cidrs.map(parsePrefix);
  const isOutside = (cidr: string): boolean => {
    const prefix = parsePrefix(cidr);
    const family = pools.filter((pool) => pool.address.family === prefix.address.family);
    return (
      family.length > 0 && !family.some((pool) => pool.length <= prefix.length && prefixContains(pool, prefix.address))
    );
  };
  const outside = [...nodes]
    .filter((node) => faultOf(node) === null)
    .flatMap((node) => node.pod_cidrs)
    .filter(isOutside);
  return [...cluster.pod_cidrs, ...new Set(outside)];
}
