import {
  ASK_TIMEOUT_MS,
  type CaptureResult,
  type CaptureTask,
  type DescribeResult,
  MAX_OPEN_TASKS,
  type SendTask,
  type Task,
  type TaskResults,
} from "@warren/common/api/ask.ts";
import type { AgentStatus, PodInfo } from "@warren/common/api/types.ts";
import { WarrenError } from "@warren/common/errors/warren-error.ts";
import { parseAddress } from "@warren/common/net/address.ts";
import { parsePrefix, prefixContains } from "@warren/common/net/prefix.ts";
import type { Clock } from "@warren/common/runtime/clock.ts";
import { sleep } from "../control-client/retry.ts";
import { type IsInMesh, ProbeListeners } from "./probe-listeners.ts";
import { sessionMark } from "./probe-message.ts";
import type { ProbeNetwork } from "./probe-network.ts";
import { ProbePacer } from "./probe-pacer.ts";
import { placeFinder } from "./probe-place.ts";
import { sendProbes } from "./probe-sender.ts";
import { checkTask } from "./task-shapes.ts";
import type { TestPods } from "./test-pods.ts";
import { WireCensus, type WirePeer, type WireShape } from "./wire-census.ts";

/** Looks at the underlay at a time: two tests need two. Each takes memory of the kernel, and time with every packet. */
const MAX_CAPTURES = 4;

/** What a node knows of itself and the mesh when it is asked. */
export interface NodeFacts {
  readonly status: AgentStatus;
  readonly pods: readonly PodInfo[];
  /** The node's own addresses in the overlay. */
  readonly addresses: readonly string[];
  /** The cluster's pools. */
  readonly pools: readonly string[];
  /** Interface of the underlay address. */
  readonly underlay: string;
  /** The other nodes and foreign peers. */
  readonly peers: readonly WirePeer[];
  readonly wire: WireShape;
}

export interface NodeTasksOptions {
  readonly network: ProbeNetwork;
  readonly clock: Clock;
  readonly testPods: TestPods;
  /** Throws `not-ready` while there is nothing to know. */
  readonly facts: () => NodeFacts;
}

/**
 * The parts of a self-test that this node does, for itself and for others. What comes is checked as if an enemy had sent
 * it: any node of the mesh may ask. Nothing is sent but to addresses of the pools, nothing is looked at but packets
 * between this node and its peers, and nothing outlives its time.
 */
export class NodeTasks {
  readonly #options: NodeTasksOptions;
  readonly #listeners: ProbeListeners;
  readonly #pacer: ProbePacer;
  readonly #running = new Set<Promise<unknown>>();
  readonly #stop = new AbortController();
  #captures = 0;

  constructor(options: NodeTasksOptions) {
    this.#options = options;
    this.#listeners = new ProbeListeners(options.network, options.clock);
    this.#pacer = new ProbePacer(options.clock);
  }

  /**
   * Does a task, whatever `value` is.
   * @param signal aborts when nobody waits for the result
   * @throws `usage` for what is no task; `busy`; what the task throws
   */
  async do(value: unknown, signal?: AbortSignal): Promise<TaskResults[Task["do"]]> {
    const task = checkTask(value);
    if (this.#running.size >= MAX_OPEN_TASKS)
      throw new WarrenError("busy", `this node does ${MAX_OPEN_TASKS} tasks already; try again later`);
    if (this.#stop.signal.aborted) throw new WarrenError("not-ready", "this agent is being stopped");
    // Tasks at the same time share the pace of the probes: what takes longer than anybody waits is no use to anybody.
    const late = new AbortController();
    const cancel = this.#options.clock.after(ASK_TIMEOUT_MS, () =>
      late.abort(new WarrenError("timeout", `the task was not done within ${ASK_TIMEOUT_MS / 1000} seconds`)),
    );
    const ends = [this.#stop.signal, late.signal, ...(signal ? [signal] : [])];
    const work = this.#begin(task, AbortSignal.any(ends));
    this.#running.add(work);
    try {
      return await work;
    } finally {
      cancel();
      this.#running.delete(work);
    }
  }

  /** Ends what is under way, and takes away what is left of tests. */
  async close(): Promise<void> {
    this.#stop.abort(new WarrenError("not-ready", "this agent is being stopped"));
    await Promise.allSettled(this.#running);
    this.#listeners.close();
    await this.#options.testPods.close();
  }

  async #begin(task: Task, signal: AbortSignal): Promise<TaskResults[Task["do"]]> {
    const { testPods, facts } = this.#options;
    switch (task.do) {
      case "describe":
        return this.#describe();
      case "listen": {
        const { addresses, pods, pools } = facts();
        return this.#listeners.listen(task, placeFinder(addresses, pods), inPools(pools));
      }
      case "send":
        return this.#send(task, signal);
      case "capture":
        return this.#capture(task, signal);
      case "add-pod":
        return testPods.add(task.seconds);
      case "delete-pod":
        await testPods.delete(task.namespace, task.name);
        return {};
    }
  }

  #describe(): DescribeResult {
    const { status, pods, addresses } = this.#options.facts();
    return {
      status,
      pods: pods.map(({ namespace, name, addresses }) => ({ namespace, name, addresses })),
      addresses,
      nowMs: this.#options.clock.nowMs(),
    };
  }

  #send(task: SendTask, signal: AbortSignal) {
    const { addresses, pods, pools } = this.#options.facts();
    const isInMesh = inPools(pools);
    for (const { address } of task.targets)
      if (!isInMesh(address))
        throw new WarrenError("usage", `${address} is not in the mesh; probes are sent to ${pools.join(", ")} only`);
    const from = placeFinder(addresses, pods)(task.from);
    return sendProbes({ ...this.#options, pacer: this.#pacer }, task, from, signal);
  }

  async #capture(task: CaptureTask, signal: AbortSignal): Promise<CaptureResult> {
    const { network, clock, facts } = this.#options;
    const { underlay, peers, wire } = facts();
    const wanted = task.peers.map((address) => {
      const peer = peers.find((known) => known.address === address);
      if (peer) return peer;
      throw new WarrenError("not-found", `${address} is no peer of this node; only their packets are looked at`);
    });
    const census = new WireCensus(wanted, wire, sessionMark(task.session));
    if (this.#captures >= MAX_CAPTURES)
      throw new WarrenError("busy", `this node looks at its underlay ${MAX_CAPTURES} times at once; try again later`);
    const tap = network.tap(underlay, (packet) => census.look(packet));
    this.#captures += 1;
    try {
      await sleep(clock, task.seconds * 1000, signal);
    } finally {
      this.#captures -= 1;
      tap.close();
    }
    signal.throwIfAborted();
    return { interface: underlay, peers: census.result() };
  }
}

function inPools(pools: readonly string[]): IsInMesh {
  const prefixes = pools.map(parsePrefix);
  return (address) => {
    const parsed = parseAddress(address);
    return prefixes.some((prefix) => prefixContains(prefix, parsed));
  };
}
