import { WarrenError } from "@warren/common/errors/warren-error.ts";
import { IdentityStore, toNodeIdentity } from "../control-client/identity-store.ts";
import { NetmapFile } from "../control-client/netmap-file.ts";
import { retryWhile, retryWhileUnavailable, sleep } from "../control-client/retry.ts";
import { PodSet } from "../pods/pod-set.ts";
import { podsFile } from "../pods/pod-state.ts";
import type { AgentConfig } from "./agent-config.ts";
import type { AgentDeps, AgentWorld } from "./agent-deps.ts";
import { agentWorld } from "./agent-world.ts";
import { TUN_NAME } from "./forwarder.ts";
import { keepUp } from "./keep-up.ts";
import { findUnderlay } from "./underlay-follower.ts";

export interface WithdrawOptions {
  /** Deletes pods that are still there; otherwise they are a refusal. */
  readonly deletePods: boolean;
  /** The control plane was told, or is not to be waited for: no answer is no error. */
  readonly force: boolean;
}

/** What was done for a node that is gone. */
export interface Withdrawn {
  /** `NAMESPACE/NAME` of the pods that were deleted. */
  readonly pods: readonly string[];
  /** Why the control plane still keeps the lease; null when it has it back. */
  readonly untold: WarrenError | null;
  /** What else of the agent was on the host, in words. */
  readonly swept: readonly string[];
}

/** How long an agent that was told to leave, or to stop, is waited for. */
const AGENT_END_MS = 15_000;
const POLL_MS = 50;
const CONNECTION_END_MS = 5_000;

/**
 * Ends the life of a node on this host when its agent does not run (any more): pods, lease, devices, packet filter. The
 * data directory is the caller's to remove afterwards. In this order, so that a failure leaves a node that can be started
 * again: refuse, delete pods, tell the control plane, sweep.
 * @throws `already-running` while an agent holds the data directory; `pods-present`; `unavailable` without `force`
 */
export function withdrawNode(
  config: Pick<AgentConfig, "control" | "data-dir" | "underlay" | "name" | "log-level" | "log-format">,
  options: WithdrawOptions,
  deps: AgentDeps & { readonly sweep?: (tun: string) => Promise<string[]> } = {},
): Promise<Withdrawn> {
  return keepUp(async () => {
    const world = await agentWorld(config as AgentConfig, deps);
    const unlock = await lockWhenFree(world, config["data-dir"]);
    try {
      const pods = await deletePods(config, world, options.deletePods);
      const untold = await tellControl(config, world, options.force);
      const sweep = deps.sweep ?? (await import("../host/sweep-host.ts")).sweepHost;
      return { pods, untold, swept: await sweep(TUN_NAME) };
    } finally {
      unlock();
    }
  });
}

async function lockWhenFree({ lock, clock }: AgentWorld, dataDir: string): Promise<() => void> {
  const deadline = clock.monotonicMs() + AGENT_END_MS;
  for (;;) {
    try {
      return lock(dataDir);
    } catch (error) {
      const held = error instanceof WarrenError && error.code === "already-running";
      if (!held || clock.monotonicMs() >= deadline) throw error;
      await sleep(clock, POLL_MS, new AbortController().signal);
    }
  }
}

async function deletePods(
  { name: node, "data-dir": dataDir }: Pick<AgentConfig, "name" | "data-dir">,
  { podNetwork: network, clock, logger }: AgentWorld,
  mayDelete: boolean,
): Promise<string[]> {
  const set = new PodSet({
    ...{ node, dataDir, file: podsFile(dataDir), network, clock, logger },
    // The table as a whole goes afterwards.
    guard: async () => {},
  });
  const pods = set.list();
  if (pods.length > 0 && !mayDelete) throw podsPresent(pods.length);
  for (const { namespace, name } of pods) await set.delete(namespace, name);
  return pods.map(({ namespace, name }) => `${namespace}/${name}`);
}

/** The refusal of `warren leave`, whoever notices. */
export function podsPresent(count: number): WarrenError {
  return new WarrenError(
    "pods-present",
    `${count} ${count === 1 ? "pod is" : "pods are"} on this node; delete with "warren pod del NAME", or all of them with --delete-pods`,
  );
}

/** A node that the control plane does not know any more has nothing to give back. */
const GONE = new Set(["unauthenticated", "node-revoked", "not-found", "forbidden"]);

async function tellControl(
  { control, "data-dir": dataDir, underlay }: Pick<AgentConfig, "control" | "data-dir" | "underlay">,
  { connector, hostNetwork, hostName, randomBytes, clock, random, logger }: AgentWorld,
  force: boolean,
): Promise<WarrenError | null> {
  const identity = toNodeIdentity(new IdentityStore(dataDir).read());
  if (!identity) return null;
  const client = connector.connect(control, identity.credentials);
  try {
    const last = new NetmapFile(dataDir, clock, logger).read()?.self.underlay_address ?? null;
    const { address } = await findUnderlay({ host: hostNetwork, configured: underlay, control }, last);
    const instance = Buffer.from(randomBytes(12)).toString("base64url");
    const goodbye = { release: true, instance, host: hostName, underlay_address: address };
    const retry = { clock, random, signal: new AbortController().signal };
    // The connection of an agent that was killed just now may take a moment to end.
    await retryWhile(retry, "identity-in-use", CONNECTION_END_MS, () =>
      retryWhileUnavailable(retry, () => client.leave(goodbye)),
    );
    return null;
  } catch (thrown) {
    const error = WarrenError.from(thrown);
    if (GONE.has(error.code)) return null;
    if (force) return error;
    throw new WarrenError(
      error.code,
      `the control plane was not told: ${error.message}; try again later, or leave without it: --force`,
      { cause: thrown },
    );
  } finally {
    client.close();
  }
}
