/**
 * JSON of the local APIs: HTTP over the Unix sockets `agent.sock` and `control.sock` in the run directory. The same
 * shapes are what the commands print with `-o json`, so they change only by addition.
 *
 * agent.sock    GET /v1/status → AgentStatus    GET /v1/nodes → NodeInfo[]    GET /v1/peers → PeerInfo[]
 *               GET /v1/ipam → AgentIpam        GET /v1/pods → PodInfo[]      POST /v1/pods PodRequest → PodInfo
 *               DELETE /v1/pods/NAMESPACE/NAME → PodInfo
 *               GET /v1/dataplane → DataplaneInfo     PUT /v1/dataplane {dataplane} → DataplaneInfo
 *               POST /v1/leave {release} → {}   POST /v1/stages StagesRequest → StageCosts
 *               GET /v1/keys → KeysInfo         POST /v1/keys/rotate RotateRequest → KeysInfo
 *               PUT /v1/peers/NAME PeerCipherRequest → PeerCipherInfo
 * control.sock  GET /v1/status → ControlStatus  POST /v1/cluster ClusterChange → ClusterInfo
 *               GET /v1/nodes → NodeInfo[]    GET /v1/peers → NodeInfo[] (foreign)
 *               GET /v1/ipam → ControlIpam      GET /v1/tokens → TokenInfo[]  POST /v1/tokens TokenRequest → TokenCreated
 *               DELETE /v1/tokens/ID → TokenInfo
 *               DELETE /v1/nodes/NAME → NodeInfo (revokes: certificate refused, lease released)
 *               POST /v1/peers ForeignPeerRequest → NodeInfo   DELETE /v1/peers/NAME → NodeInfo
 *               GET /v1/peers/NAME/config → WireguardPeerConfig
 *               POST /v1/reservations {cidr, note} → Reservation   DELETE /v1/reservations/CIDR (URL-encoded)
 *               GET /v1/mesh → MeshView (mesh-view.ts), which the HTTP addresses answer too
 * both          GET /v1/cluster → ClusterInfo   POST /v1/ask AskRequest → TaskResults[do] (ask.ts)
 *               GET /healthz  GET /readyz  GET /metrics
 *
 * Errors have the status of the code table and the body `{"error": {"code", "message"}}`. Times are ISO 8601 text.
 */

import type { ErrorObject } from "../errors/warren-error.ts";
import type { Cipher, SealingCipher } from "../net/cipher.ts";
import type { Encapsulation } from "../net/encapsulation.ts";

export interface ErrorBody {
  readonly error: ErrorObject;
}

export type NodeStateName = "ready" | "down";

/** `node` has an agent; the others are foreign peers, by what they speak. */
export type NodeKind = "node" | "vxlan" | "wireguard";

export interface SealingInfo {
  /** X25519 public key in base64, as WireGuard's tools write it. */
  readonly publicKey: string;
  /** Grows with every new key of the node. */
  readonly epoch: number;
  /** UDP port where sealed traffic is taken. */
  readonly port: number;
}

export interface NodeInfo {
  readonly id: string;
  readonly name: string;
  readonly underlayAddress: string;
  readonly port: number;
  readonly vtepMac: string;
  readonly podCidrs: readonly string[];
  readonly epoch: number;
  readonly state: NodeStateName;
  /** A peer without an agent, such as a Linux vxlan device. */
  readonly foreign: boolean;
  readonly kind: NodeKind;
  /** Null for one that cannot seal. */
  readonly sealing: SealingInfo | null;
  /** When the control plane last heard of it; null for foreign peers and where not known (an agent's view). */
  readonly lastSeen: string | null;
}

export interface ClusterInfo {
  readonly id: string;
  readonly podCidrs: readonly string[];
  readonly vni: number;
  readonly port: number;
  /** UDP port of sealed traffic. */
  readonly sealedPort: number;
  readonly cipher: string;
  /** What is in force: in a sealed cluster always `always`. */
  readonly encapsulation: Encapsulation;
}

/** Settings of the cluster to change, by their names. */
export type ClusterChange = Readonly<Record<string, string>>;

export interface ControlStatus {
  readonly role: "control";
  readonly version: string;
  readonly cluster: ClusterInfo;
  readonly listen: string;
  /** `HOST:PORT` that hosts reach; null where it was not said. */
  readonly advertise: string | null;
  readonly http: string;
  /** Where the page is for others than this host; null when it is not. */
  readonly page: string | null;
  /** `sha256:<hex>` of the CA's public key, as in every token. */
  readonly caFingerprint: string;
  readonly caExpires: string;
  readonly revision: number;
  readonly nodes: { readonly ready: number; readonly down: number; readonly foreign: number };
  readonly watchers: number;
  readonly uptimeSeconds: number;
}

/** What carries the packets of a node: worker threads on a TUN device, or the kernel's own vxlan device. */
export const DATAPLANES = ["tun", "kernel"] as const;
export type DataplaneKind = (typeof DATAPLANES)[number];

export interface DataplaneInfo {
  readonly dataplane: DataplaneKind;
  /** What the agent takes when it starts again. */
  readonly configured: DataplaneKind;
}

export interface AgentStatus {
  readonly role: "agent";
  readonly version: string;
  readonly ready: boolean;
  readonly node: NodeInfo;
  readonly cluster: ClusterInfo;
  readonly control: {
    readonly address: string;
    readonly connected: boolean;
    /** The last error of the connection; null while connected. */
    readonly error: string | null;
  };
  readonly netmap: {
    readonly revision: number;
    /** When the control plane last confirmed it; from disk after a restart without control plane. */
    readonly asOf: string;
    readonly ageSeconds: number;
    readonly source: "control" | "disk";
  };
  readonly certificateExpires: string;
  readonly dataplane: {
    readonly kind: DataplaneKind;
    /** The overlay's device; a vxlan device when the kernel forwards. */
    readonly tun: string;
    readonly overlayMtu: number;
    readonly underlayMtu: number;
    /** Of the TUN path; empty when the kernel forwards. */
    readonly offloads: Readonly<Record<string, boolean>>;
    readonly txPackets: number;
    readonly txBytes: number;
    readonly rxPackets: number;
    readonly rxBytes: number;
    readonly drops: Readonly<Record<string, number>>;
    readonly syscalls: Readonly<Record<string, number>>;
  };
  readonly pods: number;
  /** Things an operator should look at, as sentences; empty when all is well. */
  readonly warnings: readonly string[];
  readonly uptimeSeconds: number;
}

/** Traffic is null where the packet path does not count it by peer: the kernel's device does not. */
export interface PeerInfo extends NodeInfo {
  /** How packets to it leave this node; `mixed` when only some of its pod CIDRs have a plain route. */
  readonly path: "encapsulated" | "direct" | "mixed";
  /** What packets to it are sealed with: the pair's own cipher or the cluster's; `unknown` to this version: not sent. */
  readonly cipher: Cipher | "unknown";
  /** Null while traffic with it is not sealed. */
  readonly session: PeerSession | null;
  /** Those of its pod CIDRs that have a plain route. What they carry is in no counter of Warren. */
  readonly directPodCidrs: readonly string[];
  readonly txPackets: number | null;
  readonly txBytes: number | null;
  readonly rxPackets: number | null;
  readonly rxBytes: number | null;
}

/** The session with a peer, by the WireGuard protocol. */
export interface PeerSession {
  /** `idle`: none, and nothing was to be sent; `handshaking`: none yet; `renewing`: one is in use while the next is made. */
  readonly state: "idle" | "handshaking" | "up" | "renewing";
  /** Of the session in use; without one, what the next will have. */
  readonly cipher: SealingCipher;
  /** Where the peer was heard last, or is by the netmap, HOST:PORT. */
  readonly endpoint: string | null;
  /** Since the last handshake; null before the first. */
  readonly handshakeAgeSeconds: number | null;
  /** Of this node's key in the session in use; null without one. */
  readonly keyEpoch: number | null;
}

export interface StagesRequest {
  /** How long to time the stages, 1 to 60; default 5. The answer comes afterwards. */
  readonly seconds?: number;
}

/** What the stages of the packet path cost, from the counters of the workers that forward. */
export interface StageCosts {
  /** How long they were timed. */
  readonly seconds: number;
  /** What was forwarded meanwhile, by direction: inner packets, as the counters of traffic count them. */
  readonly egress: StageTraffic;
  readonly ingress: StageTraffic;
  /** One for both directions on a machine with one or two processors, else one for each. */
  readonly workers: readonly WorkerCosts[];
}

export interface StageTraffic {
  readonly packets: number;
  readonly bytes: number;
}

export interface WorkerCosts {
  readonly directions: readonly ("egress" | "ingress")[];
  /** CPU time of the worker's thread, without what the timing took. */
  readonly cpuNs: number;
  /** CPU time that the timing took. */
  readonly ownNs: number;
  /** Rounds of the worker's loop, and how many of them were timed; all figures of stages come from these. */
  readonly rounds: number;
  readonly timedRounds: number;
  /** In the order of the packet's road; only those that were passed. */
  readonly stages: readonly StageCost[];
  /** Sum of the stages as a part of `cpuNs`, 1 when they add up; null when too few rounds were timed to tell. */
  readonly accounted: number | null;
}

export interface StageCost {
  /** Null for `wait`, which a worker for both directions does for both. */
  readonly direction: "egress" | "ingress" | null;
  readonly stage: string;
  /** What happens there. */
  readonly about: string;
  /** How often it was passed, scaled up from timed rounds: for a packet, a super-packet or a run of many. */
  readonly visits: number;
  readonly nsPerVisit: number;
  /** For each packet of its direction; null when there was none. */
  readonly nsPerPacket: number | null;
  /** Part of `cpuNs`. */
  readonly share: number;
}

export interface AgentIpam {
  readonly role: "agent";
  readonly node: string;
  readonly epoch: number;
  readonly leases: readonly {
    readonly cidr: string;
    /** The node's own address, the first of the CIDR. */
    readonly nodeAddress: string;
    readonly capacity: number;
    readonly used: number;
  }[];
  readonly addresses: readonly { readonly address: string; readonly namespace: string; readonly pod: string }[];
}

export interface Reservation {
  readonly cidr: string;
  readonly note: string;
}

export interface ControlIpam {
  readonly role: "control";
  readonly pools: readonly {
    readonly cidr: string;
    readonly nodePrefix: number;
    readonly capacity: number;
    readonly leased: number;
    readonly reserved: number;
  }[];
  readonly leases: readonly {
    readonly cidr: string;
    readonly nodeId: string;
    readonly node: string;
    readonly epoch: number;
    readonly since: string;
    /** Set while the node is down: the CIDR is kept for it until then. */
    readonly retainedUntil: string | null;
  }[];
  readonly reservations: readonly Reservation[];
}

export interface TokenRequest {
  /** Time to live; default one hour. */
  readonly ttlMs?: number;
  /** Number of nodes that may join with it; default 1. */
  readonly uses?: number;
}

export interface TokenInfo {
  readonly id: string;
  readonly created: string;
  readonly expires: string;
  readonly uses: number;
  readonly used: number;
  readonly state: "valid" | "used" | "expired" | "revoked";
}

export interface TokenCreated extends TokenInfo {
  /** `wrn1.<sha256 of the CA key>.<id>.<secret>`; shown once, stored only hashed. */
  readonly token: string;
}

/** A VTEP without an agent, or a WireGuard peer. */
export type ForeignPeerRequest = VxlanPeerRequest | WireguardPeerRequest;

export interface VxlanPeerRequest {
  readonly name: string;
  readonly underlayAddress: string;
  readonly port?: number;
  readonly vtepMac: string;
  /** Prefixes behind it. Inside a pool they are taken from the pool. */
  readonly podCidrs: readonly string[];
}

export interface WireguardPeerRequest {
  readonly name: string;
  /** Base64, as `wg pubkey` prints it. */
  readonly publicKey: string;
  /** `ADDRESS:PORT` that packets are sent to until the peer is heard from elsewhere. */
  readonly endpoint: string;
  /** Prefixes behind it, as WireGuard calls them. Inside a pool they are taken from the pool. */
  readonly allowedIps: readonly string[];
}

/** What a foreign WireGuard peer must know of the mesh. */
export interface WireguardPeerConfig {
  readonly name: string;
  /** Its public key, to tell which private key belongs there. */
  readonly publicKey: string;
  readonly listenPort: number;
  /** Its own addresses: the first of each prefix behind it. */
  readonly addresses: readonly string[];
  readonly mtu: number;
  readonly nodes: readonly {
    readonly name: string;
    readonly publicKey: string;
    readonly endpoint: string;
    readonly allowedIps: readonly string[];
  }[];
}

/** The keys that a node seals with. The private halves are in no message, and in no log. */
export interface KeysInfo {
  /** In base64, as the netmap and WireGuard's tools have it. */
  readonly publicKey: string;
  readonly epoch: number;
  readonly created: string;
  readonly ageSeconds: number;
  /** Made by a rotation that the control plane has not answered yet. */
  readonly next: { readonly publicKey: string; readonly created: string } | null;
  /** What is sealed to it is still opened until then. */
  readonly previous: { readonly publicKey: string; readonly epoch: number; readonly answeredUntil: string } | null;
  /** Newest epoch first; since the agent started. */
  readonly traffic: readonly KeyTraffic[];
}

/** Packets of sessions whose handshake was made with the key of an epoch. */
export interface KeyTraffic {
  readonly epoch: number;
  readonly opened: number;
  /** Authentic, but never seen: gaps that the counters of the sessions show. */
  readonly lost: number;
  /** Came for a session of this epoch, and could not be opened. */
  readonly undecryptable: number;
}

export interface RotateRequest {
  /** Forget the old key at once. */
  readonly now?: boolean;
}

export interface PeerCipherRequest {
  /** A sealing cipher, or `default` for the cluster's. */
  readonly cipher: string;
}

export interface PeerCipherInfo extends PeerCipherRequest {
  readonly peer: string;
}

export interface PodRequest {
  readonly name: string;
  /** Default `default`. */
  readonly namespace?: string;
  readonly labels?: Readonly<Record<string, string>>;
  /** Program and arguments to run in the pod; none makes an idle pod. */
  readonly command?: readonly string[];
}

export interface PodInfo {
  readonly name: string;
  readonly namespace: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly addresses: readonly string[];
  /** Path of the network namespace, for `nsenter --net=` and `ip netns`. */
  readonly netns: string;
  /** Host end of the veth pair. */
  readonly hostInterface: string;
  readonly created: string;
  readonly process: {
    readonly pid: number;
    readonly command: readonly string[];
    readonly running: boolean;
    /** Exit code or signal name once it ended and the agent saw it; null while running or not known. */
    readonly exit: number | string | null;
    /** File with what it printed. */
    readonly log: string;
  } | null;
}
