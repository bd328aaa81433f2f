import { type Cipher, SEALED_PORT, type SealingCipher } from "@warren/common/net/cipher.ts";
import type { Encapsulation } from "@warren/common/net/encapsulation.ts";

/**
 * Every key of the store and what stands under it. Values are JSON; the shapes are for ever, so a field is added, never
 * changed.
 *
 *     cluster                  ClusterRecord
 *     node/<id>                NodeRecord
 *     node-heard/<id>          HeardRecord, apart from the node because it changes with every outage
 *     node-name/<name>         node id that owns the name
 *     node-underlay/<address>  node id that owns the underlay address
 *     sealing-key/<base64>     node id that owns the sealing key
 *     pair-cipher/<id>/<id>    PairCipherRecord; the lesser id first
 *     lease/<cidr>             LeaseRecord; stays when the lease ends, for its epoch
 *     reservation/<cidr>       ReservationRecord
 *     ipam                     number of changes of leases, reservations and foreign prefixes
 *     token/<id>               TokenRecord
 *     revoked/<id>             RevokedRecord
 */
export const keys = {
  cluster: "cluster",
  ipam: "ipam",
  node: (id: string) => `node/${id}`,
  heard: (id: string) => `node-heard/${id}`,
  name: (name: string) => `node-name/${name}`,
  underlay: (address: string) => `node-underlay/${address}`,
  sealingKey: (key: string) => `sealing-key/${key}`,
  pairCipher: (pair: string) => `pair-cipher/${pair}`,
  lease: (cidr: string) => `lease/${cidr}`,
  reservation: (cidr: string) => `reservation/${cidr}`,
  token: (id: string) => `token/${id}`,
  revoked: (id: string) => `revoked/${id}`,
} as const;

/** What the cluster was made with, and what was set since. */
export interface ClusterRecord {
  readonly id: string;
  /** Hex SHA-256 of the CA's public key: state and key of two clusters are never mixed. */
  readonly caHash: string;
  /** Canonical text, in the order of preference. */
  readonly pools: readonly string[];
  readonly nodePrefix: number;
  readonly vni: number;
  readonly port: number;
  /** Absent, in stores from before anything was sealed: see `sealedPortOf`. */
  readonly sealedPort?: number;
  readonly cipher: Cipher;
  /** Absent, in stores from before there was a choice: `always`. */
  readonly encapsulation?: Encapsulation;
  readonly createdMs: number;
}

/** UDP port of sealed traffic in a cluster. In one from before there was a choice it is not the port of VXLAN either. */
export function sealedPortOf({ port, sealedPort }: Pick<ClusterRecord, "port" | "sealedPort">): number {
  return sealedPort ?? (port === SEALED_PORT ? SEALED_PORT + 1 : SEALED_PORT);
}

export interface NodeRecord {
  readonly id: string;
  readonly name: string;
  readonly underlayAddress: string;
  readonly port: number;
  readonly vtepMac: string;
  /** A peer without an agent; then `podCidrs` says what is behind it. For nodes the leases do. */
  readonly foreign: boolean;
  readonly podCidrs: readonly string[];
  readonly version: string;
  readonly enrolledMs: number;
  /**
   * Hex SHA-256 of the public key it joined with; empty for foreign peers and in the simulator. Who has the key is the
   * node, also when its certificate ran out.
   */
  readonly keyHash: string;
  /** In every netmap: it has registered, and not left since. */
  readonly joined: boolean;
  /** X25519 public key in base64. Absent: it cannot seal. */
  readonly sealingKey?: string;
  /** Absent: the cluster's. */
  readonly sealedPort?: number;
  /** How many sealing keys it has had. Absent: none. */
  readonly keyEpoch?: number;
}

/** The cipher that was chosen for two nodes, whatever the cluster's is. */
export interface PairCipherRecord {
  readonly nodeA: string;
  readonly nodeB: string;
  readonly cipher: SealingCipher;
}

export interface HeardRecord {
  readonly state: "ready" | "down";
  /** Wall clock; exact only while the node is down. */
  readonly lastSeenMs: number;
}

export interface LeaseRecord {
  readonly cidr: string;
  /** The holder; null when the lease is over and nobody has it. */
  readonly nodeId: string | null;
  /** The last holder's, kept so that it is preferred when it comes back. */
  readonly lastNodeId: string;
  readonly lastNode: string;
  readonly epoch: number;
  /** When it was given to, or taken from, the last holder. */
  readonly sinceMs: number;
}

export interface ReservationRecord {
  readonly cidr: string;
  readonly note: string;
}

export interface TokenRecord {
  readonly id: string;
  /** Hex SHA-256 of the secret. */
  readonly hash: string;
  readonly createdMs: number;
  readonly expiresMs: number;
  readonly uses: number;
  readonly revoked: boolean;
  /** Who joined with it, by the SHA-256 of its public key. */
  readonly joined: readonly { readonly nodeId: string; readonly keyHash: string }[];
}

export interface RevokedRecord {
  readonly id: string;
  readonly name: string;
  readonly revokedMs: number;
}
