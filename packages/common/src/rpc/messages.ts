/**
 * The messages of `proto/warren/v1/warren.proto` as proto-loader gives them with `keepCase`, `longs: Number`,
 * `enums: String`, `bytes: Buffer`, `defaults: true`, `oneofs: true`. Field names are the wire's own.
 */

/** Grows with every change that an older peer cannot live with. History: 1 — 2026-11, the first. */
export const PROTOCOL_VERSION = 1;

export interface EnrollRequest {
  readonly protocol: number;
  readonly token_id: string;
  readonly token_secret: string;
  readonly node_name: string;
  readonly underlay_address: string;
  readonly csr_der: Uint8Array;
}

export interface EnrollResponse {
  readonly cluster_id: string;
  readonly node_id: string;
  readonly certificate_der: Uint8Array;
  readonly ca_der: Uint8Array;
}

export interface RegisterRequest {
  readonly protocol: number;
  readonly node_name: string;
  readonly underlay_address: string;
  readonly port: number;
  readonly version: string;
  readonly held_pod_cidrs: readonly string[];
  readonly held_epoch: number;
  readonly accept_new_lease: boolean;
  readonly sealing_key: Uint8Array;
  readonly sealed_port: number;
  /** Random, new at every start of an agent. Here and below: empty, or not there, from agents that do not know of it. */
  readonly instance?: string;
  /** Name of the machine, for messages. */
  readonly host?: string;
}

export interface RegisterResponse {
  readonly cluster: ClusterMessage;
  readonly self: NodeMessage;
  readonly heartbeat_interval_ms: number;
}

export interface HeartbeatRequest {
  readonly epoch: number;
  readonly applied_revision: number;
  readonly pods: number;
  readonly instance?: string;
}

export interface HeartbeatResponse {
  readonly revision: number;
  readonly control_time_ms: number;
  /** How often to call Report; 0 when nobody is looking. */
  readonly report_interval_ms: number;
  /** Who else tried to use the caller's identity a short while ago; null when nobody did. */
  readonly clone?: IdentityClone | null;
}

export interface IdentityClone {
  readonly host: string;
  readonly underlay_address: string;
  readonly last_tried_ms: number;
}

export interface WatchNetmapRequest {
  readonly after_revision: number;
  readonly generation: string;
  readonly instance?: string;
}

/** Exactly one of `snapshot` and `delta` is set. */
export interface NetmapUpdate {
  readonly revision: number;
  readonly snapshot?: NetmapSnapshot | null;
  readonly delta?: NetmapDelta | null;
  readonly generation: string;
}

export interface NetmapSnapshot {
  readonly cluster: ClusterMessage;
  readonly nodes: readonly NodeMessage[];
}

export interface NetmapDelta {
  /** Null when the cluster's own settings did not change. */
  readonly cluster: ClusterMessage | null;
  readonly changed: readonly NodeMessage[];
  readonly removed_ids: readonly string[];
}

export interface ClusterMessage {
  readonly id: string;
  readonly pod_cidrs: readonly string[];
  readonly vni: number;
  readonly port: number;
  readonly cipher: string;
  /** Read it with `encapsulationOf`: a sealed cluster has no plain routes. */
  readonly encapsulation: string;
  readonly sealed_port: number;
  readonly pair_ciphers: readonly PairCipher[];
}

/** Ids of two nodes, in either order. */
export interface PairCipher {
  readonly node_a: string;
  readonly node_b: string;
  readonly cipher: string;
}

export interface NodeMessage {
  readonly id: string;
  readonly name: string;
  readonly underlay_address: string;
  readonly port: number;
  readonly vtep_mac: string;
  readonly pod_cidrs: readonly string[];
  readonly epoch: number;
  readonly state: "NODE_STATE_UNSPECIFIED" | "NODE_STATE_READY" | "NODE_STATE_DOWN";
  readonly foreign: boolean;
  /** 32 bytes, or none. */
  readonly sealing_key: Uint8Array;
  readonly sealed_port: number;
  readonly key_epoch: number;
}

export interface RenewCertificateRequest {
  readonly csr_der: Uint8Array;
}

export interface RenewCertificateResponse {
  readonly certificate_der: Uint8Array;
  readonly ca_der: Uint8Array;
}

export interface SetPairCipherRequest {
  readonly peer_name: string;
  /** A cipher, or empty for the cluster's own. */
  readonly cipher: string;
}

export interface LeaveRequest {
  readonly release: boolean;
  readonly instance?: string;
  /** With `underlay_address`: the place that speaks for an agent that does not run any more. */
  readonly host?: string;
  readonly underlay_address?: string;
}

export interface AskNodeRequest {
  readonly node_name: string;
  /** A `Task` of `common/api/ask.ts`; checked by the node that does it. */
  readonly task_json: string;
}

export interface AskNodeResponse {
  readonly result_json: string;
}

export interface TaskMessage {
  readonly id: string;
  /** Name of the asking node; empty for the control plane's own operator. */
  readonly from: string;
  readonly task_json: string;
}

/** A result, or the code and message of an error. */
export interface AnswerTaskRequest {
  readonly id: string;
  readonly result_json: string;
  readonly error_code: string;
  readonly error_message: string;
}

export interface ReportRequest {
  readonly measured_ms: number;
  readonly applied_revision: number;
  readonly version: string;
  readonly dataplane: string;
  readonly overlay_mtu: number;
  readonly warnings: readonly string[];
  readonly traffic: TrafficCounters | null;
  readonly drops: number;
  readonly pods: readonly PodReport[];
  readonly peers: readonly PeerReport[];
}

export interface TrafficCounters {
  readonly tx_packets: number;
  readonly tx_bytes: number;
  readonly rx_packets: number;
  readonly rx_bytes: number;
}

export interface PodReport {
  readonly namespace: string;
  readonly name: string;
  readonly addresses: readonly string[];
}

export interface PeerReport {
  readonly node_id: string;
  readonly path: string;
  readonly cipher: string;
  /** Empty while traffic is not sealed. */
  readonly session: string;
  /** Null where the packet path does not count by peer. */
  readonly traffic: TrafficCounters | null;
  /** Microseconds; 0 when not answered or not tried. */
  readonly rtt_us: number;
}
