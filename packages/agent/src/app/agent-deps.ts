import type { DataplaneKind } from "@warren/common/api/types.ts";
import type { Clock } from "@warren/common/runtime/clock.ts";
import type { Logger } from "pino";
import type { ControlConnector } from "../control-client/control-connector.ts";
import type { DataPlane, DataPlaneOptions } from "../dataplane-host/data-plane.ts";
import type { OverlayGuardPort } from "../dataplane-host/overlay-guard.ts";
import type { HostNetwork } from "../host/host-network.ts";
import type { EchoNetwork } from "../live/echo-network.ts";
import type { PodNetwork } from "../pods/pod-network.ts";
import type { ProbeNetwork } from "../probe/probe-network.ts";
import type { Random } from "../secure/handshake/cookie-maker.ts";

/** The world of an agent. What is not given is this machine's; the simulator gives all of it. */
export interface AgentDeps {
  readonly clock?: Clock;
  /** Milliseconds since the machine came up, those it slept included; that of `clock`, where only that is given. */
  readonly bootMs?: () => number;
  /** Uniform in [0, 1). */
  readonly random?: () => number;
  /** Unpredictable: keys are made of them. */
  readonly randomBytes?: Random;
  readonly logger?: Logger;
  readonly connector?: ControlConnector;
  readonly hostNetwork?: HostNetwork;
  readonly podNetwork?: PodNetwork;
  readonly probeNetwork?: ProbeNetwork;
  readonly createDataPlane?: (options: DataPlaneOptions, kind: DataplaneKind, guard: OverlayGuardPort) => DataPlane;
  /** How round trips to peers are measured while the live page is looked at. */
  readonly echoes?: EchoNetwork;
  /** Takes the data directory; returns what gives it back. */
  readonly lock?: (dataDir: string) => () => void;
  /** Memory of the process: called before the first thread is started, and when the start is over. */
  readonly memory?: { limit(): void; settle(): void };
  /** False: no socket in the run directory; the methods of `Agent` take its place. */
  readonly localApi?: boolean;
  /** Name of the machine, for messages to others. */
  readonly hostName?: string;
}

export type AgentWorld = Required<AgentDeps>;
