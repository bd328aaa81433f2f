import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buildPacket } from "@warren/agent/dataplane/testing/packets.ts";
import { MemoryUdpNetwork, type NetworkWeather } from "@warren/agent/platform/memory/memory-udp.ts";
import { addressPlus, formatAddress, parseAddress } from "@warren/common/net/address.ts";
import { SEALED_PORT } from "@warren/common/net/cipher.ts";
import { formatEndpoint, parseEndpoint } from "@warren/common/net/endpoint.ts";
import { createLogger, LOG_LEVELS } from "@warren/common/runtime/logger.ts";
import type { MeshCore } from "@warren/control/mesh/mesh-core.ts";
import type { ClusterSettings } from "@warren/control/registry/cluster-settings.ts";
import type { Timing } from "@warren/control/registry/timing.ts";
import { ControlHost, DEFAULT_SETTINGS, type SimLogger } from "./control-host.ts";
import type { Arrival, HostStack } from "./host-stack.ts";
import { RpcNetwork, type RpcWeather } from "./rpc-network.ts";
import { bytesFor, randomFor } from "./seed.ts";
import { SimNode } from "./sim-node.ts";
import { VirtualTime } from "./virtual-time.ts";

export interface SimMeshOptions {
  readonly seed: number;
  readonly settings?: Partial<ClusterSettings>;
  readonly timing?: Partial<Timing>;
  /** Of the packets between nodes; calm by default. */
  readonly weather?: NetworkWeather;
  /** Of the connections to the control plane. */
  readonly rpcWeather?: RpcWeather;
  /** Underlay address of the first machine; the next ones count on. */
  readonly firstUnderlay?: string;
  readonly underlayMtu?: number;
}

const CALM_RPC: RpcWeather = { delayMs: 2, jitterMs: 3 };
export const CALM: NetworkWeather = { delayMs: 1, jitterMs: 0 };

/**
 * A whole mesh in this process: the real control plane, real agents with their real packet paths, and between them
 * networks that do what networks do, all on one virtual clock. What happens depends on the seed and nothing else.
 */
export class SimMesh {
  readonly time = new VirtualTime();
  readonly nodes = new Map<string, SimNode>();
  readonly rpc: RpcNetwork;
  readonly underlay: MemoryUdpNetwork;
  readonly control: ControlHost;
  /** Every packet that came out somewhere. */
  readonly arrivals: Arrival[] = [];
  /** Called whenever what a node forwards has changed. */
  onChange: () => void = () => {};
  readonly #options: SimMeshOptions;
  readonly #logger: SimLogger;
  readonly #directory: string;
  readonly #random: () => number;
  readonly #randomBytes: (length: number) => Uint8Array;
  /** Pairs of machines between which no packet passes, as `a>b`. */
  readonly #cutPaths = new Set<string>();
  /** By the host part of an endpoint on the underlay. */
  readonly #stacks = new Map<string, HostStack>();
  #machines = 0;

  private constructor(options: SimMeshOptions, parts: Parts) {
    this.#options = options;
    this.time = parts.time;
    this.rpc = parts.rpc;
    this.control = parts.control;
    this.#logger = parts.logger;
    this.#directory = mkdtempSync(join(stateDirectory(), "warren-mesh-"));
    this.#random = randomFor(options.seed, "agents");
    this.#randomBytes = bytesFor(options.seed, "sealing");
    this.underlay = new MemoryUdpNetwork(this.time, randomFor(options.seed, "underlay")() * 2 ** 31);
    this.setWeather(options.weather ?? CALM);
    this.underlay.watch = (payload, from, to) => this.#onUnderlay(payload, from, to);
  }

  static async start(options: SimMeshOptions): Promise<SimMesh> {
    const time = new VirtualTime();
    const logger = simLogger(time);
    const rpc = new RpcNetwork(time, randomFor(options.seed, "rpc"), options.rpcWeather ?? CALM_RPC);
    const settings = { ...DEFAULT_SETTINGS, ...options.settings };
    const control = await ControlHost.start({ time, rpc, logger, settings, timing: options.timing ?? {} });
    return new SimMesh(options, { time, rpc, logger, control });
  }

  /** The running core of the control plane. */
  get core(): MeshCore {
    return this.control.core;
  }

  /** The machine of that name. */
  node(name: string): SimNode {
    const node = this.nodes.get(name);
    if (!node) throw new Error(`there is no machine ${name}`);
    return node;
  }

  /** A machine on which no agent runs yet; with the name of a node when that is another one's. */
  addMachine(name: string, nodeName = name): SimNode {
    const first = parseAddress(this.#options.firstUnderlay ?? "192.0.2.1");
    const node = new SimNode({
      ...{ name, nodeName },
      underlay: formatAddress(addressPlus(first, this.#machines++)),
      underlayMtu: this.#options.underlayMtu ?? 1500,
      time: this.time,
      rpc: this.rpc,
      underlayNetwork: this.underlay,
      random: this.#random,
      randomBytes: this.#randomBytes,
      logger: this.#logger,
      directory: this.#directory,
      onArrival: (arrival) => this.arrivals.push(arrival),
      onChange: () => this.onChange(),
    });
    this.nodes.set(name, node);
    this.#stacks.set(node.underlay.includes(":") ? `[${node.underlay}]` : node.underlay, node.stack);
    return node;
  }

  /** New machines whose agents are ready. */
  async join(...names: string[]): Promise<SimNode[]> {
    const nodes = names.map((name) => this.addMachine(name));
    await this.time.complete(`${names.join(", ")} join`, Promise.all(nodes.map((node) => node.start())));
    return nodes;
  }

  /** What the underlay does to packets from now on; paths that are cut stay cut. */
  setWeather(weather: NetworkWeather): void {
    const isCut = (from: string, to: string): boolean => this.#cutPaths.has(`${from}>${to}`);
    this.underlay.weather = { ...weather, isCut };
  }

  /** No packet passes between the two machines, in either direction, until `heal`. */
  cut(a: SimNode, b: SimNode): void {
    for (const path of this.#paths(a, b)) this.#cutPaths.add(path);
  }

  heal(a: SimNode, b: SimNode): void {
    for (const path of this.#paths(a, b)) this.#cutPaths.delete(path);
  }

  /** Heals every path between machines, and every path to the control plane. */
  healAll(): void {
    this.#cutPaths.clear();
    for (const name of this.nodes.keys()) this.rpc.heal(name);
  }

  /** Ends everything. Throws when something in the control plane broke on the way. */
  async close(): Promise<void> {
    await this.control.crash();
    for (const node of this.nodes.values()) node.dispose();
    await this.time.run(0);
    rmSync(this.#directory, { recursive: true, force: true });
    const [defect] = this.rpc.defects;
    if (defect !== undefined) throw new Error("the control plane answered with a defect", { cause: defect });
  }

  /** Both ends see what is sent, whatever becomes of it. */
  #onUnderlay(payload: Uint8Array, from: string, to: string): void {
    const watching = [from, to].map((end) => this.#stacks.get(end.slice(0, end.lastIndexOf(":")))).filter(Boolean);
    if (!watching.some((stack) => stack!.isTapped)) return;
    const [{ host: src, port: srcPort }, { host: dst, port: dstPort }] = [parseEndpoint(from), parseEndpoint(to)];
    const packet = buildPacket({ src, srcPort, dst, dstPort, protocol: "udp", payload });
    for (const stack of watching) stack!.onUnderlay(packet);
  }

  #paths(a: SimNode, b: SimNode): string[] {
    const { port = DEFAULT_SETTINGS.port, sealedPort = SEALED_PORT } = this.#options.settings ?? {};
    return [port, sealedPort].flatMap((port) => {
      const [here, there] = [a, b].map(({ underlay }) => formatEndpoint({ host: underlay, port }));
      return [`${here}>${there}`, `${there}>${here}`];
    });
  }
}

interface Parts {
  readonly time: VirtualTime;
  readonly rpc: RpcNetwork;
  readonly control: ControlHost;
  readonly logger: SimLogger;
}

/** In memory where there is such a file system: the agents sync every write, and no power fails here. */
function stateDirectory(): string {
  return statSync("/dev/shm", { throwIfNoEntry: false })?.isDirectory() ? "/dev/shm" : tmpdir();
}

/** Silent, unless `WARREN_SIM_LOG` names a level: then lines that begin with the virtual time in seconds. */
function simLogger(time: VirtualTime): SimLogger {
  const level = LOG_LEVELS.find((name) => name === process.env["WARREN_SIM_LOG"]) ?? "silent";
  const write = (line: string): void => {
    const [, ...rest] = line.split(" ");
    process.stderr.write(`${(time.monotonicMs() / 1000).toFixed(3).padStart(10)} ${rest.join(" ")}`);
  };
  return createLogger({ level, write });
}
