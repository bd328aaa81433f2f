import { rmSync } from "node:fs";
import { join } from "node:path";
import type { AgentIpam, PodInfo, PodRequest } from "@warren/common/api/types.ts";
import { WarrenError } from "@warren/common/errors/warren-error.ts";
import { parseAddress } from "@warren/common/net/address.ts";
import { checkName } from "@warren/common/net/name.ts";
import { nodeAddress } from "@warren/common/net/node-address.ts";
import { parsePrefix, prefixContains } from "@warren/common/net/prefix.ts";
import type { Clock } from "@warren/common/runtime/clock.ts";
import type { StateFile } from "@warren/common/runtime/state-file.ts";
import type { Logger } from "pino";
import { type Allocation, allocate, podCapacity } from "./address-allocator.ts";
import { podParts } from "./pod-names.ts";
import type { PodNetwork, PodWiring, StartedProcess } from "./pod-network.ts";
import { checkPodRequest, podEnvironment } from "./pod-request.ts";
import { NO_PODS, type PodRecord, type PodsState, podKey } from "./pod-state.ts";

/** How long a process gets between TERM and KILL. */
const GRACE_MS = 3_000;

/** What of a pod the host's packet filter must know. */
export interface PodSource {
  readonly hostInterface: string;
  readonly addresses: readonly string[];
}

export interface PodSetOptions {
  /** Name of the node. */
  readonly node: string;
  readonly dataDir: string;
  readonly file: StateFile<PodsState>;
  readonly network: PodNetwork;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Told of all pods before one is made and after one is gone; resolves when the packet filter holds them. */
  readonly guard: (pods: readonly PodSource[]) => Promise<void>;
}

/** What the lease and the underlay give to pods. */
export interface PodSpace {
  readonly cidrs: readonly string[];
  readonly mtu: number;
  readonly gsoMaxSegments: number;
}

/**
 * The pods of this node. The order of every change is: decide, write down, do, write down that it is done; so a process
 * killed between any two steps leaves a file from which `reconcile` finishes or undoes the rest, and no address that is
 * in use anywhere is ever free in the file.
 */
export class PodSet {
  readonly #options: PodSetOptions;
  #state: PodsState;
  #space: PodSpace = { cidrs: [], mtu: 1280, gsoMaxSegments: 1 };
  /** Pods with a change under way; one at a time for each, different pods side by side. */
  readonly #busy = new Map<string, Promise<unknown>>();

  /** Reads the file: throws `state-corrupt` rather than to start from nothing. */
  constructor(options: PodSetOptions) {
    this.#options = options;
    this.#state = options.file.read() ?? NO_PODS;
  }

  get size(): number {
    return this.#state.pods.length;
  }

  /** Sets what new pods are made from. Pods that exist keep their addresses: see `strangers`. */
  use(space: PodSpace): void {
    this.#space = space;
  }

  /** Pods with an address outside `cidrs`: they cannot be reached under that lease. */
  strangers(cidrs: readonly string[]): PodRecord[] {
    const prefixes = cidrs.map(parsePrefix);
    const inside = (address: string): boolean =>
      prefixes.some((prefix) => prefixContains(prefix, parseAddress(address)));
    return this.#state.pods.filter((pod) => !pod.addresses.every(inside));
  }

  /**
   * After a start: finishes what was being removed, takes away what was only half made, repairs the rest. A pod whose
   * namespace is gone (a reboot) is made again with the same address; its command is not run again. A pod that resists
   * (a process that hangs in the kernel) is reported and keeps its addresses: it must not take the others off the mesh.
   */
  async reconcile(): Promise<void> {
    await this.#guard();
    for (const pod of this.#state.pods) {
      const key = podKey(pod.namespace, pod.name);
      const log = this.#options.logger.child({ pod: key });
      const brought = this.#alone(key, async () => {
        if (pod.phase !== "ready") {
          await this.#takeAway(pod);
          log.info(`pod was ${pod.phase} when the agent ended, removed`);
        } else if ((await this.#options.network.repair(this.#wiring(pod))) === "remade") {
          log.warn({ addresses: pod.addresses }, "network namespace was lost, made again with the same addresses");
        }
      });
      await brought.catch((error: unknown) =>
        log.error({ err: error }, `pod could not be ${pod.phase === "ready" ? "repaired" : "removed"}; delete it`),
      );
    }
  }

  /** Gives the pods that exist the present MTU. One that resists is reported: it must not keep the others back. */
  async resize(): Promise<void> {
    const ready = this.#state.pods.filter((pod) => pod.phase === "ready");
    const resized = ready.map(({ namespace, name }) => {
      const key = podKey(namespace, name);
      return this.#alone(key, async () => {
        const pod = this.#find(key);
        if (pod?.phase === "ready") await this.#options.network.resize(this.#wiring(pod));
      }).catch((error: unknown) =>
        this.#options.logger.error({ pod: key, err: error }, "pod could not be given another MTU"),
      );
    });
    await Promise.all(resized);
  }

  /** Throws `pod-exists`, `name-invalid`, `addresses-exhausted`, `disk-full`; nothing is left of a pod that failed. */
  async add(request: PodRequest): Promise<PodInfo> {
    const wanted = checkPodRequest(request);
    const key = podKey(wanted.namespace, wanted.name);
    return this.#alone(key, async () => {
      if (this.#find(key))
        throw new WarrenError("pod-exists", `pod ${key} exists on this node; delete it first, or take another name`);
      const pod = this.#claim(wanted);
      try {
        await this.#bringUp(pod, wanted.command);
      } catch (error) {
        await this.#takeAway(pod).catch((cleanup: unknown) =>
          this.#options.logger.warn({ pod: key, err: cleanup }, "could not take away a pod that could not be made"),
        );
        throw error;
      }
      this.#options.logger.info({ pod: key, addresses: pod.addresses }, "pod added");
      return this.#info(this.#find(key)!);
    });
  }

  /** Ends the pod's processes and takes it away. Throws `not-found`. */
  async delete(namespace: string, name: string): Promise<PodInfo> {
    const key = podKey(checkName(namespace, "namespace"), checkName(name, "pod"));
    return this.#alone(key, async () => {
      const pod = this.#find(key);
      if (!pod)
        throw new WarrenError("not-found", `there is no pod ${key} on this node; "warren pod list" shows those`);
      const info = this.#info(pod);
      await this.#takeAway(pod);
      this.#options.logger.info({ pod: key, addresses: pod.addresses }, "pod deleted");
      return info;
    });
  }

  /**
   * Gives a pod new addresses from the present pod CIDRs, by making it again; its command is started again. A pod that was
   * deleted meanwhile stays so. The old record is replaced in one write, so a kill at any moment leaves the old pod or the
   * new one, never none.
   * @returns null when there is no such pod any more
   */
  async readdress({ namespace, name }: PodRecord): Promise<PodInfo | null> {
    const key = podKey(namespace, name);
    return this.#alone(key, async () => {
      const old = this.#find(key);
      if (old?.phase !== "ready") return null;
      await this.#options.network.remove(this.#wiring(old), GRACE_MS);
      const { addresses, last } = this.#allocate();
      const pod: PodRecord = { ...old, addresses };
      this.#commit({ last, pods: this.#replaced(pod) });
      await this.#bringUp(pod, old.process?.command ?? null);
      return this.#info(this.#find(key)!);
    });
  }

  /** Resolves when no change is under way. */
  async settled(): Promise<void> {
    await Promise.allSettled(this.#busy.values());
  }

  /** All pods, those being made or removed included, in the order of their making. */
  list(): PodInfo[] {
    return this.#state.pods.map((pod) => this.#info(pod));
  }

  sources(): PodSource[] {
    return this.#state.pods.map((pod) => ({
      hostInterface: this.#wiring(pod).hostInterface,
      addresses: pod.addresses,
    }));
  }

  /** `warren ipam` of an agent, but for the epoch. */
  ipam(): Omit<AgentIpam, "epoch" | "role" | "node"> {
    const addresses = this.#state.pods.flatMap((pod) =>
      pod.addresses.map((address) => ({ address, namespace: pod.namespace, pod: pod.name })),
    );
    const leases = this.#space.cidrs.map((cidr) => {
      const prefix = parsePrefix(cidr);
      const used = addresses.filter(({ address }) => prefixContains(prefix, parseAddress(address))).length;
      return { cidr, nodeAddress: nodeAddress(cidr), capacity: podCapacity(cidr), used };
    });
    return { leases, addresses };
  }

  /** Decides on the addresses and writes them down, in one synchronous step. */
  #claim(wanted: ReturnType<typeof checkPodRequest>): PodRecord {
    const { addresses, last } = this.#allocate();
    const pod: PodRecord = {
      name: wanted.name,
      namespace: wanted.namespace,
      labels: wanted.labels,
      addresses,
      created: new Date(this.#options.clock.nowMs()).toISOString(),
      phase: "making",
      process: null,
    };
    this.#commit({ last, pods: [...this.#state.pods, pod] });
    return pod;
  }

  #allocate(): Allocation {
    const used = new Set(this.#state.pods.flatMap((pod) => pod.addresses));
    const allocation = allocate(this.#space.cidrs, this.#state.last, (address) => used.has(address));
    if (allocation.addresses.length > 0) return allocation;
    throw new WarrenError("not-ready", "this node has no pod CIDR yet; try again later");
  }

  /** Makes a pod that is written down, starts its command, and writes down that it is ready. */
  async #bringUp(pod: PodRecord, command: readonly string[] | null): Promise<void> {
    await this.#guard();
    const wiring = this.#wiring(pod);
    await this.#options.network.make(wiring);
    const started = command && (await this.#start(pod, wiring, command));
    const process = started && { command: command!, pid: started.pid, startTime: started.startTime, exit: null };
    this.#put({ ...pod, phase: "ready", process: process ?? null });
    if (started) this.#watch(podKey(pod.namespace, pod.name), started);
  }

  async #takeAway(pod: PodRecord): Promise<void> {
    const key = podKey(pod.namespace, pod.name);
    // A full disk must not keep a pod alive: the record stays `ready` or `making` until the last write goes through.
    this.#putIfRoom({ ...pod, phase: "removing" });
    await this.#options.network.remove(this.#wiring(pod), GRACE_MS);
    rmSync(this.#logFile(pod), { force: true });
    this.#commit({
      ...this.#state,
      pods: this.#state.pods.filter((other) => podKey(other.namespace, other.name) !== key),
    });
    await this.#guard();
  }

  #start(pod: PodRecord, wiring: PodWiring, argv: readonly string[]): Promise<StartedProcess> {
    return this.#options.network.start(wiring, { argv, env: podEnvironment(pod), logFile: this.#logFile(pod) });
  }

  #watch(key: string, started: StartedProcess): void {
    const told = started.exited.then((exit) => {
      const pod = this.#find(key);
      if (pod?.process?.pid !== started.pid || pod.phase !== "ready") return;
      this.#options.logger.info({ pod: key, exit }, "the pod's command ended");
      this.#putIfRoom({ ...pod, process: { ...pod.process, exit } });
    });
    // A disk that fails altogether is no reason to end the agent.
    told.catch((error: unknown) => this.#options.logger.warn({ pod: key, err: error }, "its end is not written down"));
  }

  #guard(): Promise<void> {
    return this.#options.guard(this.sources());
  }

  #wiring(pod: PodRecord): PodWiring {
    const parts = podParts(this.#options.node, pod.namespace, pod.name);
    const { mtu, gsoMaxSegments } = this.#space;
    return { ...parts, addresses: pod.addresses, mtu, gsoMaxSegments };
  }

  #info(pod: PodRecord): PodInfo {
    const parts = podParts(this.#options.node, pod.namespace, pod.name);
    const ran = pod.process;
    return {
      name: pod.name,
      namespace: pod.namespace,
      labels: pod.labels,
      addresses: pod.addresses,
      netns: this.#options.network.netnsPath(parts.netns),
      hostInterface: parts.hostInterface,
      created: pod.created,
      process: ran && {
        pid: ran.pid,
        command: ran.command,
        running: ran.exit === null && this.#options.network.runs(ran.pid, ran.startTime),
        exit: ran.exit,
        log: this.#logFile(pod),
      },
    };
  }

  #logFile(pod: { readonly namespace: string; readonly name: string }): string {
    return join(this.#options.dataDir, "pods", pod.namespace, `${pod.name}.log`);
  }

  #find(key: string): PodRecord | undefined {
    return this.#state.pods.find((pod) => podKey(pod.namespace, pod.name) === key);
  }

  #put(pod: PodRecord): void {
    this.#commit({ ...this.#state, pods: this.#replaced(pod) });
  }

  #replaced(pod: PodRecord): PodRecord[] {
    const key = podKey(pod.namespace, pod.name);
    return this.#state.pods.map((other) => (podKey(other.namespace, other.name) === key ? pod : other));
  }

  #putIfRoom(pod: PodRecord): void {
    try {
      this.#put(pod);
    } catch (error) {
      if (!(error instanceof WarrenError && error.code === "disk-full")) throw error;
      this.#options.logger.warn({ err: error }, "the state of a pod could not be written down");
    }
  }

  /** Disk first: what could not be written never happened. */
  #commit(state: PodsState): void {
    this.#options.file.write(state);
    this.#state = state;
  }

  async #alone<T>(key: string, work: () => Promise<T>): Promise<T> {
    const before = this.#busy.get(key) ?? Promise.resolve();
    const mine = before.catch(() => {}).then(work);
    this.#busy.set(key, mine);
    try {
      return await mine;
    } finally {
      if (this.#busy.get(key) === mine) this.#busy.delete(key);
    }
  }
}
