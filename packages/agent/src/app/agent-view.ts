import manifest from "../../package.json" with { type: "json" };
import type { NodeIdentity } from "../control-client/identity-store.ts";
import type { MeshSession } from "../control-client/mesh-session.ts";
import type { NetmapFile } from "../control-client/netmap-file.ts";
import type { SwitchableDataPlane } from "../dataplane-host/switchable-data-plane.ts";
import type { SubnetFile } from "../host/subnet-file.ts";
import type { AgentView } from "../observe/agent-status.ts";
import type { StageWatch } from "../observe/stage-watch.ts";
import type { PodSet } from "../pods/pod-set.ts";
import type { NodeKeys } from "../secure-keys/node-keys.ts";
import type { AgentWorld } from "./agent-deps.ts";
import type { AgentTasks } from "./agent-tasks.ts";
import { type Forwarder, TUN_NAME } from "./forwarder.ts";
import type { SleepWatch } from "./sleep-watch.ts";
import type { UnderlayFollower } from "./underlay-follower.ts";

/** The components of an agent that is up. */
export interface AgentParts {
  readonly world: AgentWorld;
  readonly pods: PodSet;
  readonly keys: NodeKeys;
  readonly session: MeshSession;
  readonly netmapFile: NetmapFile;
  /** Null where there is no run directory. */
  readonly subnetFile: SubnetFile | null;
  readonly dataPlane: SwitchableDataPlane;
  readonly forwarder: Forwarder;
  readonly stages: StageWatch;
  /** Once the pods are back. */
  readonly tasks?: AgentTasks;
  readonly underlay: UnderlayFollower;
  readonly sleepWatch: SleepWatch;
  readonly identity: () => NodeIdentity;
  /** `HOST:PORT` of the control plane. */
  readonly control: string;
  readonly startedMs: number;
}

/** Where the node stands in the mesh, which only the composition root decides. */
export type AgentStanding = Pick<AgentView, "ready" | "lease" | "knowledge" | "source" | "fence" | "failure">;

/** Asks every component for what it knows: status, metrics and lists are made of it. */
export function agentView(parts: AgentParts, standing: AgentStanding): AgentView {
  const { world, pods, session, netmapFile, dataPlane, forwarder, underlay, identity, control, startedMs, sleepWatch } =
    parts;
  return {
    ...standing,
    version: manifest.version,
    control: { address: control, connected: session.connected, error: session.error },
    certificate: world.connector.validity(identity().credentials.certificate),
    tun: TUN_NAME,
    overlayMtu: forwarder.podMtu,
    underlayMtu: underlay.underlay.interface.mtu,
    gap: sleepWatch.last,
    underlayFault: underlay.fault,
    underlayMoved: underlay.moved,
    plainPrefixes: world.hostNetwork.plainPrefixes(),
    stats: dataPlane.stats(),
    sealing: dataPlane.sealing(),
    pods: pods.list(),
    ipam: pods.ipam(),
    pathFault: forwarder.fault,
    saveFault: netmapFile.fault,
    clockOffMs: session.clockOffMs,
    clone: session.clone,
    nowMs: world.clock.nowMs(),
    startedMs,
  };
}
