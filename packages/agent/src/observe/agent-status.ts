import type {
  AgentIpam,
  AgentStatus,
  ClusterInfo,
  NodeInfo,
  PeerInfo,
  PeerSession,
  PodInfo,
  SealingInfo,
} from "@warren/common/api/types.ts";
import type { WarrenError } from "@warren/common/errors/warren-error.ts";
import { formatSealingKey } from "@warren/common/identity/sealing-key.ts";

import { CIPHERS, isSealed, SEALING_CIPHERS } from "@warren/common/net/cipher.ts";
import { encapsulationOf } from "@warren/common/net/encapsulation.ts";
import type { ClusterMessage, IdentityClone, NodeMessage } from "@warren/common/rpc/messages.ts";
import { describeClock, spanText } from "@warren/common/runtime/clock-difference.ts";
import { pairCipher } from "../control-client/peer-ciphers.ts";
import type { DataPlaneSealing, DataPlaneStats } from "../dataplane-host/data-plane.ts";

import { formatSockaddr } from "../route/sockaddr.ts";

/** Everything the agent knows of itself at one moment: what status, metrics and the lists are made from. */
export interface AgentView {
  readonly version: string;
  readonly ready: boolean;
  readonly lease: { readonly cluster: ClusterMessage; readonly self: NodeMessage };
  readonly knowledge: {
    readonly netmap: { readonly revision: number; readonly nodes: ReadonlyMap<string, NodeMessage> };
    readonly asOfMs: number;
  } | null;
  readonly source: "control" | "disk";
  readonly control: { readonly address: string; readonly connected: boolean; readonly error: WarrenError | null };
  readonly certificate: { readonly fromMs: number; readonly toMs: number };
  readonly tun: string;
  readonly overlayMtu: number;
  readonly underlayMtu: number;
  /** Why this host is not where it should be on the underlay. */
  readonly underlayFault?: WarrenError | null;
  /** When this host, or this process, stood still last, a short while ago. */
  readonly gap?: {
    readonly kind: "slept" | "stopped" | "stepped";
    readonly ms: number;
    readonly endedMs: number;
  } | null;
  /** The last change of its underlay address, a short while ago. */
  readonly underlayMoved?: {
    readonly from: string;
    readonly to: string;
    readonly interface: string;
    readonly atMs: number;
  } | null;
  /** Pod CIDRs of peers that have a plain route. */
  readonly plainPrefixes: readonly string[];
  readonly stats: DataPlaneStats;
  /** Null where the packet path cannot seal. */
  readonly sealing: Pick<DataPlaneSealing, "status" | "traffic" | "nowMs"> | null;
  readonly pods: readonly PodInfo[];
  readonly ipam: Pick<AgentIpam, "leases" | "addresses">;
  /** Why the node may not forward any more. */
  readonly fence: WarrenError | null;
  /** Why the packet path ended. */
  readonly failure: Error | null;
  /** Why the netmap could not be saved. */
  readonly saveFault: WarrenError | null;
  /** Why host and packet path are not as the netmap asks. */
  readonly pathFault: WarrenError | null;
  /** How far this clock is ahead of the control plane's, when that is too much. */
  readonly clockOffMs: number;
  /** Who else tried to be this node a short while ago. */
  readonly clone?: IdentityClone | null;
  readonly nowMs: number;
  readonly startedMs: number;
}

/** `GET /v1/status`: the whole of it, with everything an operator should look at as sentences. */
export function agentStatus(view: AgentView): AgentStatus {
  const { stats, control, knowledge } = view;
  return {
    role: "agent",
    version: view.version,
    ready: view.ready,
    node: nodeInfo(view.lease.self, view.lease.cluster),
    cluster: clusterInfo(view.lease.cluster),
    control: {
      address: control.address,
      connected: control.connected,
      error: control.connected ? null : (control.error?.message ?? null),
    },
    netmap: {
      revision: knowledge?.netmap.revision ?? 0,
      asOf: new Date(knowledge?.asOfMs ?? view.startedMs).toISOString(),
      ageSeconds: secondsBetween(knowledge?.asOfMs ?? view.startedMs, view.nowMs),
      source: view.source,
    },
    certificateExpires: new Date(view.certificate.toMs).toISOString(),
    dataplane: {
      kind: stats.kind,
      tun: view.tun,
      overlayMtu: view.overlayMtu,
      underlayMtu: view.underlayMtu,
      offloads: { ...stats.offloads },
      ...stats.total,
      drops: stats.drops,
      syscalls: { ...stats.syscalls },
    },
    pods: view.pods.length,
    warnings: warnings(view),
    uptimeSeconds: secondsBetween(view.startedMs, view.nowMs),
  };
}

/** What an operator should look at, the worst first; each says what is wrong and what to do. */
function warnings(view: AgentView): string[] {
  const { control, knowledge, fence, failure, saveFault, pathFault, clockOffMs, clone, certificate, nowMs } = view;
  const list: string[] = [];
  if (failure) list.push(`the packet path broke, nothing is forwarded: ${failure.message}; restart the agent`);
  if (fence?.code === "lease-lost")
    list.push(
      `this node's pod CIDR went to another node, nothing is forwarded: ${fence.message}; delete the pods, or restart with --accept-new-lease to give them new addresses`,
    );
  else if (fence?.code === "identity-in-use") list.push(`nothing is forwarded: ${fence.message}`);
  else if (fence) list.push(`this node may not forward any more: ${fence.message}`);
  if (view.underlayFault) list.push(view.underlayFault.message);
  if (!control.connected && !fence) {
    const age = knowledge ? `, the netmap is ${secondsBetween(knowledge.asOfMs, nowMs)} s old` : "";
    list.push(`not connected to the control plane at ${control.address}${age}: ${control.error?.message ?? "trying"}`);
  }
  if (view.gap) list.push(gapNotice(view.gap));
  if (view.underlayMoved) {
    const { from, to, interface: name, atMs } = view.underlayMoved;
    const when = new Date(atMs).toISOString();
    list.push(`the underlay address of this host changed from ${from} to ${to} (${name}) at ${when}; peers follow`);
  }
  if (clone) list.push(cloneWarning(clone));
  list.push(...sealingWarnings(view));
  if (pathFault) list.push(`this node is not as the cluster asks, and tries again: ${pathFault.message}`);
  if (saveFault) list.push(`the netmap on disk is behind: ${saveFault.message}`);
  // Where that is why there is no connection, it is said already.
  if (clockOffMs !== 0 && (control.connected || control.error?.code !== "clock-off"))
    list.push(describeClock(clockOffMs));
  if (nowMs - clockOffMs > certificate.toMs)
    list.push("the certificate of this node has expired; make a token and restart with --token TOKEN");
  return list;
}

function gapNotice({ kind, ms, endedMs }: NonNullable<AgentView["gap"]>): string {
  const [from, to] = [endedMs - ms, endedMs].map((at) => new Date(at).toISOString());
  const span = spanText(Math.abs(ms));
  if (kind === "slept") return `this host slept from ${from} to ${to} (${span}); it has connected anew since`;
  if (kind === "stopped") return `this agent did not run from ${from} to ${to} (${span}); it has connected anew since`;
  const way = ms > 0 ? "forward, as after a sleep that the hypervisor made, or when it is set" : "back: it was set";
  return `the clock of this host jumped ${span} ${way}, at ${to}; the agent has connected anew since`;
}

function cloneWarning({ host, underlay_address: address, last_tried_ms: triedMs }: IdentityClone): string {
  const who = host === "" ? `another host, at ${address},` : `another host, ${host} at ${address},`;
  return `${who} uses this node's identity and is refused, last tried at ${new Date(triedMs).toISOString()}; stop it, remove its state directory (a copy of this one's) and join it with a new token and a name of its own`;
}

/** A sealed cluster sends nothing to a node that it cannot seal for. */
function sealingWarnings({ lease, knowledge }: AgentView): string[] {
  const { cipher } = lease.cluster;
  if (!isSealed(cipher)) return [];
  if (!CIPHERS.some((known) => known === cipher))
    return [`the cluster's cipher ${cipher} is unknown to this agent, nothing is forwarded: upgrade the agent`];
  const others = [...(knowledge?.netmap.nodes.values() ?? [])].filter((node) => node.id !== lease.self.id);
  const unable = others.filter((node) => node.sealing_key.length === 0).map((node) => node.name);
  if (unable.length === 0) return [];
  return [`no sealing key is known of ${unable.join(", ")}, nothing is sent there: upgrade or remove what it is`];
}

export function nodeList(view: AgentView): NodeInfo[] {
  const known = view.knowledge?.netmap.nodes ?? new Map([[view.lease.self.id, view.lease.self]]);
  return [...known.values()].map((node) => nodeInfo(node, view.lease.cluster)).sort(byName);
}

/**
 * The other nodes, with what was exchanged with each through the tunnel since the packet path started, where it counts
 * that by peer.
 */
export function peerList(view: AgentView): PeerInfo[] {
  const { peers } = view.stats;
  const none = peers
    ? { txPackets: 0, txBytes: 0, rxPackets: 0, rxBytes: 0 }
    : { txPackets: null, txBytes: null, rxPackets: null, rxBytes: null };
  const plain = new Set(view.plainPrefixes);
  const sessions = peerSessions(view);
  return nodeList(view)
    .filter((node) => node.id !== view.lease.self.id)
    .map((node) => {
      const directPodCidrs = node.podCidrs.filter((cidr) => plain.has(cidr));
      const isDirect = directPodCidrs.length > 0 && directPodCidrs.length === node.podCidrs.length;
      const path = isDirect ? "direct" : directPodCidrs.length > 0 ? "mixed" : "encapsulated";
      const cipher = cipherOf(view.lease, node);
      const session = sessions.get(node.id) ?? null;
      return { ...node, path, cipher, session, directPodCidrs, ...(peers?.get(node.id) ?? none) };
    });
}

/** By node id. */
function peerSessions({ sealing }: AgentView): Map<string, PeerSession> {
  const nowMs = sealing?.nowMs() ?? 0;
  return new Map(
    (sealing?.status() ?? []).map(({ nodeId, state, cipher, endpoint, lastHandshakeMs, keyEpoch }) => [
      nodeId,
      {
        ...{ state, cipher, keyEpoch },
        endpoint: endpoint && formatSockaddr(endpoint),
        handshakeAgeSeconds: lastHandshakeMs === 0 ? null : secondsBetween(lastHandshakeMs, nowMs),
      },
    ]),
  );
}

export function agentIpam(view: AgentView): AgentIpam {
  const { self } = view.lease;
  return { role: "agent", node: self.name, epoch: self.epoch, ...view.ipam };
}

/** What packets to a peer are sealed with, once a change has settled; `unknown` to this version: nothing is sent. */
function cipherOf({ cluster, self }: AgentView["lease"], peer: NodeInfo): PeerInfo["cipher"] {
  if (!isSealed(cluster.cipher)) return "none";
  const ofCluster = SEALING_CIPHERS.find((cipher) => cipher === cluster.cipher);
  return ofCluster ? pairCipher(cluster, self.id, peer, ofCluster) : "unknown";
}

function nodeInfo(node: NodeMessage, cluster: ClusterMessage): NodeInfo {
  return {
    id: node.id,
    name: node.name,
    underlayAddress: node.underlay_address,
    port: node.port || cluster.port,
    vtepMac: node.vtep_mac,
    podCidrs: node.pod_cidrs,
    epoch: node.epoch,
    state: node.state === "NODE_STATE_DOWN" ? "down" : "ready",
    foreign: node.foreign,
    kind: node.foreign ? (node.sealing_key.length > 0 ? "wireguard" : "vxlan") : "node",
    sealing: sealingInfo(node, cluster),
    lastSeen: null,
  };
}

function sealingInfo(node: NodeMessage, cluster: ClusterMessage): SealingInfo | null {
  if (node.sealing_key.length === 0) return null;
  const publicKey = formatSealingKey(node.sealing_key);
  return { publicKey, epoch: node.key_epoch, port: node.sealed_port || cluster.sealed_port };
}

export function clusterInfo(cluster: ClusterMessage): ClusterInfo {
  const { id, vni, port, cipher, sealed_port: sealedPort } = cluster;
  const encapsulation = encapsulationOf(cluster);
  return { id, podCidrs: cluster.pod_cidrs, vni, port, sealedPort, cipher, encapsulation };
}

function byName(a: NodeInfo, b: NodeInfo): number {
  return a.name < b.name ? -1 : 1;
}

function secondsBetween(fromMs: number, toMs: number): number {
  return Math.max(0, Math.round((toMs - fromMs) / 1000));
}
