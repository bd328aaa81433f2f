import { cpSync } from "node:fs";
import { join } from "node:path";
import { type Agent, createAgent } from "@warren/agent/app/agent-app.ts";
import { agentConfigSchema } from "@warren/agent/app/agent-config.ts";
import type { ControlConnector } from "@warren/agent/control-client/control-connector.ts";
import type { DataPlaneOptions } from "@warren/agent/dataplane-host/data-plane.ts";
import { createInProcessDataPlane } from "@warren/agent/dataplane-host/in-process-data-plane.ts";
import type { MemoryUdpNetwork } from "@warren/agent/platform/memory/memory-udp.ts";
import type { PodInfo } from "@warren/common/api/types.ts";
import { WarrenError } from "@warren/common/errors/warren-error.ts";
import { parseAddress } from "@warren/common/net/address.ts";
import type { SimLogger } from "./control-host.ts";
import { type Arrival, HostStack } from "./host-stack.ts";
import type { RpcNetwork } from "./rpc-network.ts";
import { SimProcess, WallClock } from "./sim-process.ts";
import type { VirtualTime } from "./virtual-time.ts";
import { type WatchedPlane, watchPlane } from "./watched-plane.ts";

export interface SimNodeOptions {
  /** Of the machine. */
  readonly name: string;
  /** Of the node; the machine's when left out. */
  readonly nodeName?: string;
  readonly underlay: string;
  readonly underlayMtu: number;
  readonly time: VirtualTime;
  readonly rpc: RpcNetwork;
  readonly underlayNetwork: MemoryUdpNetwork;
  readonly random: () => number;
  /** Not of the same generator: what is sealed with has no say in what happens when. */
  readonly randomBytes: (length: number) => Uint8Array;
  readonly logger: SimLogger;
  /** Directory for the state of all nodes. */
  readonly directory: string;
  readonly onArrival: (arrival: Arrival) => void;
  /** Called whenever what this node forwards has changed. */
  readonly onChange: () => void;
}

const CERTIFICATE_LIFE_MS = 10 * 365 * 24 * 3_600_000;

/** A machine with an agent: the real one, started, stopped and killed at will. Disk, kernel and pods outlive it. */
export class SimNode {
  readonly name: string;
  /** Its address on the underlay, or the last one while it has none. */
  underlay: string;
  readonly wall = new WallClock();
  readonly stack: HostStack;
  readonly #options: SimNodeOptions;
  readonly #dataDir: string;
  #process: SimProcess;
  #agent: Agent | null = null;
  #plane: WatchedPlane | null = null;
  readonly #killed: Agent[] = [];
  #isLocked = false;
  #keys = 0;
  /** Virtual time a change of the forwarding tables takes on this node. */
  applyMs = 0;

  constructor(options: SimNodeOptions) {
    this.#options = options;
    this.name = options.name;
    this.underlay = options.underlay;
    const { name: node, underlay, underlayMtu, time, onArrival: arrive } = options;
    this.stack = new HostStack({ node, underlay, underlayMtu, time, arrive });
    this.#dataDir = join(options.directory, options.name);
    this.#process = new SimProcess(options.time, this.wall);
  }

  /** The agent that runs, or is about to. Throws `not-ready` when there is none. */
  get agent(): Agent {
    if (!this.#agent) throw new WarrenError("not-ready", `no agent runs on ${this.name}`);
    return this.#agent;
  }

  get isUp(): boolean {
    return this.#agent !== null;
  }

  /** The packet path of the running agent. */
  get plane(): WatchedPlane | null {
    return this.#plane;
  }

  /** Prefixes for which this node forwards at this moment. */
  get forwardedPrefixes(): readonly string[] {
    return this.#plane?.view?.localPrefixes ?? [];
  }

  get pendingTimers(): number {
    return this.#process.pendingTimers;
  }

  /** Path of a file in the agent's data directory. */
  file(name: string): string {
    return join(this.#dataDir, name);
  }

  /** Starts the agent; resolves when it is ready, rejects as the command would, and then nothing runs. */
  async start(flags: { readonly acceptNewLease?: boolean } = {}): Promise<void> {
    if (this.#agent) throw new Error(`an agent runs on ${this.name} already`);
    const process = new SimProcess(this.#options.time, this.wall);
    this.#process = process;
    const config = agentConfigSchema.parse({
      control: "control.test:7443",
      token: "in the simulator no token is looked at",
      "data-dir": this.#dataDir,
      underlay: "auto",
      name: this.#options.nodeName ?? this.name,
      "accept-new-lease": flags.acceptNewLease ?? false,
    });
    process.onEnd(() => this.stack.closeProbes());
    const agent = createAgent(config, {
      clock: process,
      bootMs: () => process.bootMs(),
      random: this.#options.random,
      randomBytes: this.#options.randomBytes,
      logger: this.#options.logger,
      connector: this.#connector(process),
      hostNetwork: this.stack.network,
      podNetwork: this.stack.pods,
      echoes: this.stack.echo,
      probeNetwork: this.stack.openProbes(),
      createDataPlane: (options) => this.#createDataPlane(options, process),
      lock: () => this.#lock(process),
      memory: { limit: () => {}, settle: () => {} },
      localApi: false,
      hostName: this.name,
    });
    this.#agent = agent;
    try {
      await agent.start();
    } catch (error) {
      if (this.#agent === agent) this.#agent = null;
      throw error;
    }
  }

  /** The machine is suspended; its end of every connection does not hear of what the others do meanwhile. */
  suspend(): void {
    this.#process.suspend();
    this.#options.rpc.strand(this.name, true);
    this.#options.rpc.cut(this.name);
    this.#options.underlayNetwork.gone.add(this.underlay);
  }

  wake(slept = true): void {
    this.#options.underlayNetwork.gone.delete(this.underlay);
    this.#options.rpc.heal(this.name);
    this.#process.wake(slept);
  }

  /** Gives the machine another address, and takes the old one away; null: none. */
  setUnderlay(underlay: string | null, underlayMtu = this.#options.underlayMtu): void {
    const { rpc, underlayNetwork } = this.#options;
    this.stack.setUnderlay(underlay, underlayMtu);
    rpc.strand(this.name);
    if (underlay === null) rpc.cut(this.name);
    else rpc.heal(this.name);
    underlayNetwork.gone.add(this.underlay);
    if (underlay !== null) underlayNetwork.gone.delete(underlay);
    this.underlay = underlay ?? this.underlay;
  }

  /** Copies the state directory of another machine, as it is on its disk now. */
  copyState(other: SimNode): void {
    cpSync(other.#dataDir, this.#dataDir, { recursive: true });
  }

  /** Ends the agent in order. */
  async stop(): Promise<void> {
    const { agent } = this;
    await agent.stop();
    if (this.#agent === agent) this.#agent = null;
  }

  /** Takes the node out of the mesh, and ends the agent as the command does. */
  async leave(release: boolean): Promise<void> {
    const { agent } = this;
    await agent.leave(release);
    await agent.ended;
    await agent.stop();
    if (this.#agent === agent) this.#agent = null;
  }

  /** `kill -9` of the agent. */
  crash(): void {
    if (this.#agent) this.#killed.push(this.#agent);
    this.#agent = null;
    this.#process.kill();
  }

  /**
   * The end of the machine. A killed agent cannot do anything any more, but Node keeps the abort signals it waits on, and
   * with them its packet path, for ever; told to stop, it lets go.
   */
  dispose(): void {
    this.crash();
    for (const agent of this.#killed) agent.stop().catch(() => {});
  }

  addPod(name: string): Promise<PodInfo> {
    return this.agent.addPod({ name });
  }

  #lock(process: SimProcess): () => void {
    if (this.#isLocked) throw new WarrenError("already-running", `the data directory of ${this.name} is in use`);
    this.#isLocked = true;
    const unlock = (): void => {
      this.#isLocked = false;
    };
    process.onEnd(unlock);
    return unlock;
  }

  #createDataPlane(options: DataPlaneOptions, process: SimProcess): WatchedPlane {
    const { underlayNetwork, onChange } = this.#options;
    const tun = this.stack.openTun();
    const inner = createInProcessDataPlane(options, {
      tun,
      bind: (port, address) => underlayNetwork.bind(parseAddress(address), port),
    });
    const close = (): void => {
      // Also of a process that was killed: its sockets and its device are gone at once.
      void inner.stop();
      this.stack.closeTun();
      if (this.#plane === plane) this.#plane = null;
      onChange();
    };
    const devices = {
      ...{ start: () => inner.start(), apply: inner.apply.bind(inner), stats: () => inner.stats() },
      rebind: (underlayAddress: string) => inner.rebind(underlayAddress),
      timeStages: (on: boolean) => inner.timeStages(on),
      sealing: () => inner.sealing?.() ?? null,
      onFailure: () => inner.onFailure(() => {}),
      async stop() {
        close();
      },
    };
    const pause = (): Promise<void> =>
      this.applyMs === 0
        ? Promise.resolve()
        : new Promise((resolve) => {
            process.after(this.applyMs, resolve);
          });
    const plane = watchPlane(devices, pause, onChange);
    this.#plane = plane;
    process.onEnd(close);
    return plane;
  }

  /** Straight into the core, over the simulated network. A certificate is the node's id, and does not run out. */
  #connector(process: SimProcess): ControlConnector {
    const { rpc, time } = this.#options;
    return {
      createKey: () => `key ${++this.#keys} of ${this.name}`,
      enroll: async (_address, _token, { nodeName, underlayAddress, keyPem, signal }) => {
        const nodeId = await rpc.enroll(this.name, process, { nodeName, underlayAddress, key: keyPem }, signal);
        return { clusterId: "mesh", nodeId, certificatePem: nodeId, caPem: "" };
      },
      clockOffMs: async () => this.wall.aheadMs,
      connect: (_address, { certificate }) => rpc.client(this.name, certificate, process),
      createRequest: () => Promise.reject(new Error("no certificate runs out in the simulator")),
      acceptCertificate: () => {
        throw new Error("no certificate runs out in the simulator");
      },
      validity: () => ({ fromMs: time.nowMs(), toMs: time.nowMs() + CERTIFICATE_LIFE_MS }),
    };
  }
}
