import { randomBytes } from "node:crypto";
import { hostname } from "node:os";
import { systemClock } from "@warren/common/runtime/clock.ts";
import { createLogger } from "@warren/common/runtime/logger.ts";
import type { AgentConfig } from "./agent-config.ts";
import type { AgentDeps, AgentWorld } from "./agent-deps.ts";

/**
 * Fills in this machine for whatever `deps` leaves out. The Linux parts are loaded only when they are used: the simulator
 * runs where there is no koffi, and a process that only looks needs no gRPC.
 */
export async function agentWorld(config: AgentConfig, deps: AgentDeps): Promise<AgentWorld> {
  return {
    clock: deps.clock ?? systemClock,
    bootMs: deps.bootMs ?? (deps.clock ? () => deps.clock!.monotonicMs() : await linuxBootClock()),
    random: deps.random ?? Math.random,
    randomBytes: deps.randomBytes ?? ((length) => new Uint8Array(randomBytes(length))),
    logger: deps.logger ?? createLogger({ level: config["log-level"], format: config["log-format"] }),
    connector: deps.connector ?? (await import("../control-client/grpc-connector.ts")).grpcConnector,
    hostNetwork: deps.hostNetwork ?? (await import("../host/linux-host-network.ts")).createLinuxHostNetwork(),
    podNetwork: deps.podNetwork ?? (await import("../pods/linux-pod-network.ts")).createLinuxPodNetwork(),
    probeNetwork: deps.probeNetwork ?? (await import("../probe/linux-probe-network.ts")).createLinuxProbeNetwork(),
    createDataPlane: deps.createDataPlane ?? (await linuxDataPlane()),
    echoes: deps.echoes ?? (await import("../live/linux-echo-network.ts")).linuxEchoNetwork,
    lock: deps.lock ?? (await linuxLock()),
    memory: deps.memory ?? (await linuxMemory()),
    localApi: deps.localApi ?? true,
    hostName: deps.hostName ?? hostname(),
  };
}

/** Both: a running agent may be told to change from one to the other. */
async function linuxDataPlane(): Promise<AgentWorld["createDataPlane"]> {
  const { createTunDataPlane } = await import("../dataplane-host/tun-data-plane.ts");
  const { createKernelDataPlane } = await import("../dataplane-host/kernel-data-plane.ts");
  return (options, kind, guard) =>
    kind === "kernel" ? createKernelDataPlane(options, guard) : createTunDataPlane(options);
}

async function linuxBootClock(): Promise<() => number> {
  const { createSharedClock } = await import("../dataplane-host/shared-clock.ts");
  const { loadLibc } = await import("../platform/linux/libc.ts");
  return createSharedClock(loadLibc());
}

async function linuxLock(): Promise<(dataDir: string) => () => void> {
  const { lockDirectory } = await import("../platform/linux/process-lock.ts");
  return (dataDir) => lockDirectory(dataDir, "the data directory");
}

async function linuxMemory(): Promise<AgentWorld["memory"]> {
  const { limitArenas, settleMemory } = await import("../platform/linux/process-memory.ts");
  return { limit: limitArenas, settle: settleMemory };
}
