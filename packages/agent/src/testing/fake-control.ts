import { WarrenError } from "@warren/common/errors/warren-error.ts";
import type { MeshClient } from "@warren/common/rpc/channel.ts";
import type {
  AnswerTaskRequest,
  AskNodeRequest,
  ClusterMessage,
  IdentityClone,
  NetmapUpdate,
  NodeMessage,
  RegisterRequest,
  RegisterResponse,
  ReportRequest,
  SetPairCipherRequest,
  TaskMessage,
  WatchNetmapRequest,
} from "@warren/common/rpc/messages.ts";
import type { ControlConnector } from "../control-client/control-connector.ts";

const GENERATION = "generation1";

/**
 * A control plane of one page for tests of the agent: leases from a list, a netmap that the test changes, and switches
 * for what can go wrong. The real one is tested with the agent in `e2e/mesh`.
 */
export class FakeControl implements ControlConnector {
  cluster: ClusterMessage = {
    ...{ id: "cluster1", pod_cidrs: ["10.244.0.0/16"], vni: 4096, port: 4789 },
    ...{ cipher: "none", encapsulation: "always", sealed_port: 51820, pair_ciphers: [] },
  };
  readonly nodes = new Map<string, NodeMessage>();
  /** Nobody answers. */
  silent = false;
  /** What `register` refuses with, when it does. */
  refusal: WarrenError | null = null;
  /** What the next heartbeat fails with. */
  heartbeatError: WarrenError | null = null;
  /** How far the node's clock is ahead of this one. */
  clockOff = 0;
  /** Who tried to be the node, as heartbeats tell it. */
  clone: IdentityClone | null = null;
  /** CIDR for a node that registers without a lease, or whose lease was given away. */
  nextCidrs: string[] = ["10.244.1.0/24"];
  /** History before this revision is gone. */
  compactedBelow = 0;
  lifetimeMs = 24 * 3_600_000;
  readonly registrations: RegisterRequest[] = [];
  readonly watchedFrom: WatchNetmapRequest[] = [];
  readonly pairCiphers: SetPairCipherRequest[] = [];
  /** What the agent asked of others, and what it is answered with. */
  readonly asked: AskNodeRequest[] = [];
  answerToAsk = "{}";
  /** What the agent answered to `give`. */
  readonly answers: AnswerTaskRequest[] = [];
  enrolments = 0;
  renewals = 0;
  left: boolean | null = null;
  heartbeats = 0;
  /** What heartbeats are answered: how often to report. */
  reportIntervalMs = 0;
  readonly reports: ReportRequest[] = [];
  /** What reports are refused with, when they are. */
  reportError: WarrenError | null = null;
  revision = 1;
  #nowMs: () => number;
  readonly #keys: string[] = [];
  #listeners = new Set<(update: NetmapUpdate | null) => void>();
  #takers = new Set<(task: TaskMessage | null) => void>();

  constructor(nowMs: () => number = Date.now) {
    this.#nowMs = nowMs;
  }

  /** Adds or changes a node and tells the watchers. */
  put(node: NodeMessage): void {
    this.nodes.set(node.id, node);
    this.#tell({ cluster: null, changed: [node], removed_ids: [] });
  }

  /** Changes settings of the cluster and tells the watchers. */
  change(settings: Partial<ClusterMessage>): void {
    this.cluster = { ...this.cluster, ...settings };
    this.#tell({ cluster: this.cluster, changed: [], removed_ids: [] });
  }

  remove(id: string): void {
    this.nodes.delete(id);
    this.#tell({ cluster: null, changed: [], removed_ids: [id] });
  }

  /** Breaks every watch, as a restart does. */
  breakWatches(): void {
    for (const listener of [...this.#listeners]) listener(null);
    for (const taker of [...this.#takers]) taker(null);
  }

  /** Has the agent do a task. */
  give(task: TaskMessage): void {
    for (const taker of this.#takers) taker(task);
  }

  get watchers(): number {
    return this.#listeners.size;
  }

  createKey(): string {
    return "key";
  }

  async enroll(): ReturnType<ControlConnector["enroll"]> {
    this.#answer();
    this.enrolments++;
    return { clusterId: this.cluster.id, nodeId: "node1", certificatePem: String(this.#nowMs()), caPem: "ca" };
  }

  async createRequest(): Promise<Uint8Array> {
    return new Uint8Array(1);
  }

  acceptCertificate(der: Uint8Array): string {
    return Buffer.from(der).toString();
  }

  validity(pem: string): { fromMs: number; toMs: number } {
    return { fromMs: Number(pem), toMs: Number(pem) + this.lifetimeMs };
  }

  async clockOffMs(): Promise<number> {
    this.#answer();
    return this.clockOff;
  }

  connect(): MeshClient {
    return {
      register: (request) => this.#register(request),
      heartbeat: async () => {
        this.#answer();
        const error = this.heartbeatError;
        this.heartbeatError = null;
        if (error) throw error;
        this.heartbeats++;
        return {
          revision: this.revision,
          control_time_ms: this.#nowMs(),
          report_interval_ms: this.reportIntervalMs,
          clone: this.clone,
        };
      },
      watchNetmap: (request, signal) => this.#watch(request, signal),
      renewCertificate: async () => {
        this.#answer();
        this.renewals++;
        const certificate_der = Buffer.from(String(this.#nowMs()));
        return { certificate_der, ca_der: certificate_der };
      },
      setPairCipher: async (request) => {
        this.#answer();
        this.pairCiphers.push(request);
      },
      leave: async ({ release }) => {
        this.#answer();
        this.left = release;
      },
      report: async (request) => {
        this.#answer();
        if (this.reportError) throw this.reportError;
        this.reports.push(request);
      },
      askNode: async (request) => {
        this.#answer();
        this.asked.push(request);
        return { result_json: this.answerToAsk };
      },
      watchTasks: (signal) => this.#stream(this.#takers, [], signal),
      answerTask: async (request) => {
        this.#answer();
        this.answers.push(request);
      },
      close: () => {},
    };
  }

  async #register(request: RegisterRequest): Promise<RegisterResponse> {
    this.#answer();
    this.registrations.push(request);
    const granted = request.held_pod_cidrs.length > 0 ? this.refusal : null;
    if (granted && !(granted.code === "lease-lost" && request.accept_new_lease)) throw granted;
    const before = this.nodes.get("node1");
    const keeps = before && !granted;
    const self: NodeMessage = {
      id: "node1",
      name: request.node_name,
      underlay_address: request.underlay_address,
      port: request.port,
      vtep_mac: "02:00:00:00:00:01",
      pod_cidrs: keeps ? before.pod_cidrs : this.nextCidrs,
      epoch: keeps ? before.epoch : (before?.epoch ?? 0) + 1,
      state: "NODE_STATE_READY",
      foreign: false,
      sealing_key: request.sealing_key,
      sealed_port: request.sealed_port || this.cluster.sealed_port,
      key_epoch: this.#keyEpoch(request.sealing_key),
    };
    this.refusal = null;
    this.put(self);
    return { cluster: this.cluster, self, heartbeat_interval_ms: 5_000 };
  }

  /** As the control plane counts: one more for each other key. */
  #keyEpoch(key: Uint8Array): number {
    const text = Buffer.from(key).toString("hex");
    if (text !== "" && this.#keys.at(-1) !== text) this.#keys.push(text);
    return this.#keys.length;
  }

  async *#watch(request: WatchNetmapRequest, signal: AbortSignal): AsyncGenerator<NetmapUpdate> {
    this.#answer();
    this.watchedFrom.push(request);
    const after = request.after_revision;
    if (after > 0 && after < this.compactedBelow) throw new WarrenError("compacted", "that revision is gone");
    yield* this.#stream(this.#listeners, [this.#snapshot()], signal);
  }

  async *#stream<T>(
    listeners: Set<(message: T | null) => void>,
    first: readonly T[],
    signal: AbortSignal,
  ): AsyncGenerator<T> {
    this.#answer();
    const queue: (T | null)[] = [...first];
    let wake = (): void => {};
    const listener = (message: T | null): void => {
      queue.push(message);
      wake();
    };
    const onAbort = (): void => wake();
    listeners.add(listener);
    signal.addEventListener("abort", onAbort);
    try {
      while (!signal.aborted) {
        const message = queue.shift();
        if (message === null) throw new WarrenError("unavailable", "the connection broke");
        if (message !== undefined) yield message;
        else await new Promise<void>((resolve) => (wake = resolve));
      }
    } finally {
      listeners.delete(listener);
      signal.removeEventListener("abort", onAbort);
    }
  }

  #snapshot(): NetmapUpdate {
    const snapshot = { cluster: this.cluster, nodes: [...this.nodes.values()] };
    return { revision: this.revision, snapshot, generation: GENERATION };
  }

  #tell(delta: NonNullable<NetmapUpdate["delta"]>): void {
    this.revision++;
    for (const listener of this.#listeners) listener({ revision: this.revision, delta, generation: GENERATION });
  }

  #answer(): void {
    if (this.silent) throw new WarrenError("unavailable", "the control plane does not answer");
  }
}
