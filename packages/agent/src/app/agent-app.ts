import type {
  AgentStatus,
  DataplaneInfo,
  DataplaneKind,
  KeysInfo,
  PodInfo,
  PodRequest,
  StageCosts,
} from "@warren/common/api/types.ts";
import { WarrenError } from "@warren/common/errors/warren-error.ts";
import { isSealed } from "@warren/common/net/cipher.ts";
import type { RegisterResponse } from "@warren/common/rpc/messages.ts";
import { makeDirectory } from "@warren/common/runtime/make-directory.ts";
import type { Startable } from "@warren/common/runtime/startable.ts";
import type { Logger } from "pino";
import { renewCertificates } from "../control-client/certificate-renewal.ts";
import { IdentityStore, type NodeIdentity } from "../control-client/identity-store.ts";
import { joinMesh } from "../control-client/join-mesh.ts";
import { MeshSession } from "../control-client/mesh-session.ts";
import type { Netmap } from "../control-client/netmap.ts";
import { type Knowledge, NetmapFile } from "../control-client/netmap-file.ts";
import { sleep } from "../control-client/retry.ts";
import type { DataPlaneOptions } from "../dataplane-host/data-plane.ts";
import { SwitchableDataPlane } from "../dataplane-host/switchable-data-plane.ts";
import { SubnetFile } from "../host/subnet-file.ts";
import { Reporter } from "../live/reporter.ts";
import { type AgentView, agentStatus } from "../observe/agent-status.ts";
import { headline } from "../observe/headline.ts";
import { createAgentApi } from "../observe/local-api.ts";
import { StageWatch } from "../observe/stage-watch.ts";
import { PodSet } from "../pods/pod-set.ts";
import { podsFile } from "../pods/pod-state.ts";
import { REKEY_AFTER_MS } from "../secure/timings.ts";
import { NodeKeys } from "../secure-keys/node-keys.ts";
import type { AgentConfig } from "./agent-config.ts";
import type { AgentDeps, AgentWorld } from "./agent-deps.ts";
import { AgentSealing } from "./agent-sealing.ts";
import { AgentTasks } from "./agent-tasks.ts";
import { type AgentParts, agentView } from "./agent-view.ts";
import { agentWorld } from "./agent-world.ts";
import { assertCarries, Forwarder, type Lease, overlayMtuOf, TUN_NAME } from "./forwarder.ts";
import { keepHost, settleMemory, spareMemory } from "./housekeeping.ts";
import { registrationOf } from "./registration.ts";
import { type Gap, SleepWatch } from "./sleep-watch.ts";
import { readToken } from "./start-inputs.ts";
import { findUnderlay, type Underlay, UnderlayFollower } from "./underlay-follower.ts";

/** A node of the mesh. */
export interface Agent extends Startable {
  status(): AgentStatus;
  /** How it is, in one line for people; also while it starts. */
  headline(): string;
  /** False once the packet path broke: nothing but a new start will help. A node that is fenced, or alone, is alive. */
  isAlive(): boolean;
  addPod(request: PodRequest): Promise<PodInfo>;
  deletePod(namespace: string, name: string): Promise<PodInfo>;
  listPods(): PodInfo[];
  dataplane(): DataplaneInfo;
  /** Changes the packet path while pods talk, until the agent ends. Throws why not, and the old one goes on. */
  changeDataplane(kind: DataplaneKind): Promise<DataplaneInfo>;
  /**
   * Takes the node out of the mesh; refused while it has pods (`pods-present`). The agent ends afterwards: at once, or
   * when `answered` aborts, for a caller who has yet to get the answer over a socket that ends with the agent.
   */
  leave(release: boolean, answered?: AbortSignal): Promise<void>;
  keys(): KeysInfo;
  /** Seals with a new key from now on; with `now` the old one is forgotten at once. */
  rotateKeys(options: { readonly now: boolean }): Promise<KeysInfo>;
  /** Another cipher than the cluster's with one peer; empty for the cluster's own. */
  setPeerCipher(name: string, cipher: string): Promise<void>;
  /** Times the stages of the packet path; ends early when `signal` aborts. Throws `busy` while that is done already. */
  measureStages(seconds: number, signal: AbortSignal): Promise<StageCosts>;
  /** Has a node do a part of a self-test: an `AskRequest` of `common/api/ask.ts`, which is checked here. */
  ask(request: unknown, signal: AbortSignal): Promise<unknown>;
  /**
   * Settles when the agent should be stopped without a signal: resolves after `leave`, rejects when the packet path
   * broke. The caller then calls `stop` and ends.
   */
  readonly ended: Promise<void>;
}

/** How long a start waits for the first netmap once the node is registered. */
const FIRST_NETMAP_MS = 15_000;

/** How long sealed sessions wait for the control plane's clock after this host, or its clock, stood still. */
const DATE_PATIENCE_MS = 2_000;

/** The composition root: every part of the agent is made and connected here, and nowhere else. */
export function createAgent(config: AgentConfig, deps: AgentDeps = {}): Agent {
  return new AgentApp(config, deps);
}

/**
 * Phases of a start, each undone in reverse order when a later one fails, and at the stop:
 *
 *     1 look at the host          2 lock the data dir   3 identity (joins with the token, once)
 *     4 register, or last netmap  5 packet path         6 addresses, routes, packet filter
 *     7 pods                      8 local API           9 ready
 *
 * A stop leaves the pods running: they talk to each other on this node, and to the mesh again after the next start.
 */
class AgentApp implements Agent {
  readonly #config: AgentConfig;
  readonly #deps: AgentDeps;
  readonly #undo: (() => void | Promise<void>)[] = [];
  readonly #stop = new AbortController();
  /** The start, and the undoing, that were begun last. */
  #starting: Promise<void> = Promise.resolve();
  #stopping: Promise<void> = Promise.resolve();
  readonly #ended = Promise.withResolvers<void>();
  readonly #firstNetmap = Promise.withResolvers<void>();
  #parts: AgentParts | null = null;
  /** What the start is at, until there are parts to ask. */
  #phase = "looking at the host";
  #knowledge: Knowledge | null = null;
  #lease: Lease | null = null;
  #source: "control" | "disk" = "control";
  #fence: WarrenError | null = null;
  #failure: Error | null = null;
  #ready = false;
  #leaving = false;

  constructor(config: AgentConfig, deps: AgentDeps) {
    this.#config = config;
    this.#deps = deps;
    // Nobody may be listening yet, or any more.
    this.#ended.promise.catch(() => {});
    this.#firstNetmap.promise.catch(() => {});
  }

  get ended(): Promise<void> {
    return this.#ended.promise;
  }

  async start(signal?: AbortSignal): Promise<void> {
    const both = signal ? AbortSignal.any([signal, this.#stop.signal]) : this.#stop.signal;
    this.#starting = this.#start(both);
    try {
      await this.#starting;
    } catch (error) {
      await this.stop().catch((second: unknown) =>
        this.#deps.logger?.warn({ err: second }, "what the start had done could not all be undone"),
      );
      throw error;
    }
  }

  async #start(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const config = this.#config;
    const world = await agentWorld(config, this.#deps);
    const { clock, random, connector, hostNetwork, podNetwork } = world;
    const logger = world.logger.child({ component: "agent", node: config.name });
    spareMemory(() => world.memory.limit(), logger);
    const startedMs = clock.nowMs();

    await hostNetwork.preflight(config.dataplane);
    makeDirectory(config["data-dir"], 0o700);
    this.#undo.push(world.lock(config["data-dir"]));
    const netmapFile = new NetmapFile(config["data-dir"], clock, logger);
    const identityStore = new IdentityStore(config["data-dir"]);
    const pods = new PodSet({
      node: config.name,
      dataDir: config["data-dir"],
      file: podsFile(config["data-dir"]),
      network: podNetwork,
      clock,
      logger,
      guard: (sources) => hostNetwork.guardPods(sources),
    });
    this.#knowledge = netmapFile.read();
    this.#lease = this.#knowledge && { cluster: this.#knowledge.netmap.cluster, self: this.#knowledge.self };

    const { control, name, underlay: configured } = config;
    const find = { host: hostNetwork, configured, control };
    const first = await findUnderlay(find, this.#lease?.self.underlay_address ?? null);
    const { address } = first;
    const onMoved = async (underlay: Underlay): Promise<void> => {
      await forwarder.move(underlay);
      session.reconnect();
    };
    const underlay = new UnderlayFollower({ ...find, clock, logger, onMoved }, first);
    const token = (): string | null => readToken(config);
    this.#phase = `joining the mesh of ${control}`;
    let identity = await joinMesh({
      ...{ store: identityStore, connector, control, name, underlay: address, token, clock, random, logger, signal },
    });

    const sealing = new AgentSealing({
      ...{ dataDir: config["data-dir"], clock, logger, randomBytes: world.randomBytes },
      clockOffMs: () => session.clockOffMs,
    });
    const keys = new NodeKeys({
      ...{ store: sealing.store, clock, logger },
      register: () => session.registerAgain(),
      traffic: () => sealing.traffic(),
      onChange: () => sealing.changed(),
    });
    this.#undo.push(() => sealing.flush());
    this.#undo.push(() => keys.stop());
    const reporter = new Reporter({
      ...{ clock, logger, echoes: world.echoes, view: () => this.#view() },
      send: (report, signal) => session.client.report(report, signal),
    });
    this.#undo.push(() => reporter.stop());
    const instance = Buffer.from(world.randomBytes(12)).toString("base64url");
    const session: MeshSession = new MeshSession(
      {
        connect: () => connector.connect(control, identity.credentials),
        askClock: (signal) => connector.clockOffMs(control, identity.credentials, signal),
        ...{ clock, random, logger },
        registration: () =>
          registrationOf({
            ...{
              config,
              underlayAddress: underlay.underlay.address,
              lease: this.#lease,
              podCount: pods.size,
              sealingKey: keys.offered,
            },
            ...{ instance, host: world.hostName },
          }),
        instance,
        podCount: () => pods.size,
        onRegistered: (response) => this.#onRegistered(response, keys),
        onNetmap: (netmap) => this.#onNetmap(netmap),
        onConfirmed: () => this.#onConfirmed(),
        onReportInterval: (intervalMs) => reporter.every(intervalMs),
        onFenced: (error) => this.#onFenced(error),
      },
      this.#knowledge?.netmap ?? null,
    );
    this.#undo.push(() => session.close());
    this.#phase = `registering with ${control}`;
    if (!(await this.#open(session, pods, signal))) {
      this.#source = "disk";
      const age = Math.round((clock.nowMs() - this.#knowledge!.asOfMs) / 1000);
      logger.warn({ ageSeconds: age }, "the control plane does not answer, starting with the netmap from disk");
    }
    signal.throwIfAborted();

    this.#phase = "making the packet path";
    const lease = this.#lease!;
    assertCarries(config.dataplane, lease);
    const framing = isSealed(lease.cluster.cipher) ? ("sealed" as const) : ("plain" as const);
    const pathOptions = (): DataPlaneOptions => ({
      tunName: TUN_NAME,
      underlayAddress: underlay.underlay.address,
      port: lease.cluster.port,
      vni: lease.cluster.vni,
      vtepMac: lease.self.vtep_mac,
      overlayMtu: overlayMtuOf(underlay.underlay, lease, framing),
      framing,
      sealing: sealing.pathOptions(lease.cluster.sealed_port),
    });
    const dataPlane = new SwitchableDataPlane({
      kind: config.dataplane,
      create: (kind) => world.createDataPlane(pathOptions(), kind, hostNetwork.overlayGuard),
    });
    if (pods.size > 0)
      await hostNetwork.guardFirst({
        ...{ sources: pods.sources(), underlay: first.interface.name },
        ...{ pools: lease.cluster.pod_cidrs, podCidrs: lease.self.pod_cidrs },
      });
    this.#undo.push(() => dataPlane.stop());
    dataPlane.onFailure((error) => this.#onFailure(error, world));
    await dataPlane.start();
    sealing.serve(() => dataPlane.sealing());

    if (world.localApi) makeDirectory(config["run-dir"], 0o750);
    const subnetFile = world.localApi ? new SubnetFile(config["run-dir"]) : null;
    const forwarder: Forwarder = new Forwarder(
      {
        ...{ host: hostNetwork, pods, dataPlane, underlay: first, clock, logger },
        mayReaddress: config["accept-new-lease"],
        onApplied: (applied, mtu) => this.#publish(subnetFile, applied, mtu, logger),
      },
      lease,
    );
    const renewed = (next: NodeIdentity): void => {
      identity = next;
      session.reconnect();
    };
    this.#undo.push(() => hostNetwork.clean({ podsRemain: pods.size > 0 }));
    this.#undo.push(() => forwarder.close());
    this.#undo.push(() => netmapFile.flush());
    // Handshakes are dated: those of a clock that was just set are no good before it is known how far it is off.
    const renewSealing = async (): Promise<void> => {
      const fromMs = clock.monotonicMs();
      await Promise.race([session.nextHeartbeat, sleep(clock, DATE_PATIENCE_MS, this.#stop.signal)]);
      if (!this.#stop.signal.aborted) sealing.renew(clock.monotonicMs() - fromMs);
    };
    const onGap = (gap: Gap): void => {
      const [kind, seconds] = [gap.kind, Math.round(gap.ms / 1000)];
      logger.warn({ kind, seconds }, "time stood still, or was set: connecting anew");
      session.reconnect();
      if (Math.abs(gap.ms) >= REKEY_AFTER_MS) void renewSealing();
      void underlay.look();
    };
    const sleepWatch = new SleepWatch({ clock, bootMs: world.bootMs, onGap });
    this.#parts = {
      world,
      pods,
      keys,
      session,
      netmapFile,
      subnetFile,
      dataPlane,
      forwarder,
      stages: new StageWatch(dataPlane, clock),
      underlay,
      ...{ control, startedMs, sleepWatch },
      identity: () => identity,
    };
    await forwarder.adopt(lease);
    await pods.reconcile();
    signal.throwIfAborted();
    // The settings of the disk may be from before the cluster was sealed; the lease has those of the registration.
    if (this.#knowledge) await this.#onNetmap({ ...this.#knowledge.netmap, cluster: lease.cluster }, this.#source);
    session.run();
    // Before anything is taken away: a netmap or a pod that came meanwhile would put it back.
    this.#undo.push(() => session.close());
    this.#undo.push(() => pods.settled());
    const tasks = new AgentTasks({
      ...{ node: config.name, world, session, view: () => this.#view(), pods: this },
      underlay: () => underlay.underlay.interface.name,
    });
    this.#parts = { ...this.#parts, tasks };
    this.#undo.push(() => tasks.stop());
    await tasks.start();

    if (world.localApi) {
      const api = createAgentApi({
        runDir: config["run-dir"],
        agent: this,
        view: () => this.#view(),
        onDefect: (error) => logger.error({ err: error }, "a request of the local API failed"),
      });
      await api.start();
      this.#undo.push(() => api.stop());
    }
    await this.#waitForNetmap(signal);
    this.#ready = true;
    const { pod_cidrs: podCidrs, epoch } = this.#lease!.self;
    logger.info({ podCidrs, epoch, mtu: forwarder.overlayMtu, pods: pods.size }, "ready");

    const renewal = {
      ...{ store: identityStore, connector, clock, random, logger, client: () => session.client },
      clockOffMs: () => session.clockOffMs,
    };
    void renewCertificates(identity, { ...renewal, onRenewed: renewed }, this.#stop.signal);
    const { signal: stopped } = this.#stop;
    const kept = [keepHost(world, stopped), underlay.run(stopped), sleepWatch.run(stopped)];
    this.#undo.push(() => Promise.all(kept).then(() => {}));
    void settleMemory(world, this.#stop.signal);
  }

  /** Ends a start that is under way, too, at the next of its phases. */
  async stop(): Promise<void> {
    this.#ready = false;
    this.#stop.abort();
    // What it does until then would be undone by nobody.
    await this.#starting.catch(() => {});
    this.#stopping = this.#stopping.catch(() => {}).then(() => this.#undoAll());
    await this.#stopping;
  }

  async #undoAll(): Promise<void> {
    // One that fails must not keep the others from being undone; the first error is told in the end.
    let first: unknown = null;
    for (let undo = this.#undo.pop(); undo; undo = this.#undo.pop()) {
      try {
        await undo();
      } catch (error) {
        first ??= error;
      }
    }
    this.#parts = null;
    if (first !== null) throw first;
  }

  status(): AgentStatus {
    return agentStatus(this.#view());
  }

  headline(): string {
    return this.#parts ? headline(this.#view()) : `starting: ${this.#phase}`;
  }

  isAlive(): boolean {
    return this.#failure === null;
  }

  async addPod(request: PodRequest): Promise<PodInfo> {
    if (this.#fence) throw this.#fence;
    if (this.#leaving) throw new WarrenError("not-ready", "this node is leaving the mesh; start its agent again first");
    return this.#running().pods.add(request);
  }

  async deletePod(namespace: string, name: string): Promise<PodInfo> {
    return this.#running().pods.delete(namespace, name);
  }

  listPods(): PodInfo[] {
    return this.#running().pods.list();
  }

  dataplane(): DataplaneInfo {
    return { dataplane: this.#running().dataPlane.kind, configured: this.#config.dataplane };
  }

  async changeDataplane(kind: DataplaneKind): Promise<DataplaneInfo> {
    const { world, dataPlane, forwarder } = this.#running();
    const before = dataPlane.kind;
    if (kind !== before) {
      assertCarries(kind, this.#lease!);
      await world.hostNetwork.preflight(kind);
      await forwarder.change(kind);
      world.logger.info({ from: before, to: kind }, "the packet path has changed");
    }
    return this.dataplane();
  }

  async leave(release: boolean, answered?: AbortSignal): Promise<void> {
    const { pods, session, netmapFile, subnetFile, tasks } = this.#running();
    // A start that has yet to hear from the control plane would fail, and the node be started, and join, again.
    if (!this.#ready) throw new WarrenError("not-ready", "the agent is starting, or ending; try again later");
    // A pod that was let in meanwhile would hold an address that is another node's by then.
    this.#leaving = true;
    try {
      // Whoever has pods of self-tests made here does not keep this node in the mesh with them.
      await tasks?.deletePods();
      if (pods.size > 0)
        throw new WarrenError(
          "pods-present",
          `${pods.size} ${pods.size === 1 ? "pod is" : "pods are"} on this node and would lose ${pods.size === 1 ? "its" : "their"} network; delete with "warren pod del NAME" first`,
        );
      await session.leave(release);
    } catch (error) {
      this.#leaving = false;
      throw error;
    }
    this.#ready = false;
    // A released lease must not be asked for again.
    if (release) netmapFile.remove();
    subnetFile?.remove();
    if (answered && !answered.aborted) answered.addEventListener("abort", () => this.#ended.resolve(), { once: true });
    else this.#ended.resolve();
  }

  keys(): KeysInfo {
    return this.#running().keys.info();
  }

  rotateKeys(options: { readonly now: boolean }): Promise<KeysInfo> {
    return this.#running().keys.rotate(options);
  }

  setPeerCipher(name: string, cipher: string): Promise<void> {
    return this.#running().session.client.setPairCipher({ peer_name: name, cipher });
  }

  async measureStages(seconds: number, signal: AbortSignal): Promise<StageCosts> {
    return this.#running().stages.measure(seconds, signal);
  }

  async ask(request: unknown, signal: AbortSignal): Promise<unknown> {
    const { tasks } = this.#running();
    if (!tasks) throw new WarrenError("not-ready", "the agent is starting; try again later");
    return tasks.ask(request, signal);
  }

  /** First registration. A lost lease is fatal here unless nothing would lose its address. */
  async #open(session: MeshSession, pods: PodSet, signal: AbortSignal): Promise<boolean> {
    try {
      return await session.open(signal);
    } catch (error) {
      if (!(error instanceof WarrenError && error.code === "lease-lost")) throw error;
      throw new WarrenError(
        "lease-lost",
        `${error.message}; ${pods.size} pods on this node have addresses of it. Start once with --accept-new-lease to give them new addresses`,
        { cause: error },
      );
    }
  }

  async #onRegistered(response: RegisterResponse, keys: NodeKeys): Promise<void> {
    keys.registered(response.self);
    const before = this.#lease;
    this.#lease = { cluster: response.cluster, self: response.self };
    this.#fence = null;
    const lost = before?.self.pod_cidrs.filter((cidr) => !response.self.pod_cidrs.includes(cidr)) ?? [];
    if (lost.length > 0) {
      const logger = this.#deps.logger ?? this.#parts?.world.logger;
      logger?.warn({ lost, podCidrs: response.self.pod_cidrs }, "the lease went to another node, took a new one");
    }
    if (this.#knowledge) this.#knowledge = { ...this.#knowledge, self: response.self };
    await this.#parts?.forwarder.adopt(this.#lease);
  }

  async #onNetmap(netmap: Netmap, source: "control" | "disk" = "control"): Promise<void> {
    const parts = this.#running();
    const asOfMs = source === "disk" ? this.#knowledge!.asOfMs : parts.world.clock.nowMs();
    // Told to others only once it is in use: who sees a peer may rely on the way to it.
    await parts.forwarder.follow(netmap);
    this.#lease = { ...this.#lease!, cluster: netmap.cluster };
    // The entry of this node may be newer than its registration: a label, never the lease.
    this.#knowledge = { netmap, self: this.#lease!.self, asOfMs };
    this.#source = source;
    this.#firstNetmap.resolve();
  }

  #onConfirmed(): void {
    if (!this.#knowledge || !this.#parts) return;
    this.#knowledge = { ...this.#knowledge, asOfMs: this.#parts.world.clock.nowMs() };
    this.#source = "control";
    this.#parts.netmapFile.save(this.#knowledge);
  }

  async #onFenced(error: WarrenError): Promise<void> {
    if (this.#fence?.message !== error.message)
      this.#parts?.world.logger.error({ err: error }, "this node may not forward any more");
    this.#fence = error;
    await this.#parts?.forwarder.fence();
    this.#parts?.subnetFile?.remove();
  }

  /** Told to others on this host before the node is ready; later, one that cannot be told is told with the next change. */
  #publish(file: SubnetFile | null, { cluster, self }: Lease, mtu: number, logger: Logger): void {
    // The lease is about to be no longer this node's.
    if (this.#leaving) return;
    try {
      file?.write({ pools: cluster.pod_cidrs, podCidrs: self.pod_cidrs, mtu });
    } catch (error) {
      if (!this.#ready) throw error;
      logger.error({ err: WarrenError.from(error) }, "subnet.env is not as it should be");
    }
  }

  #onFailure(error: Error, world: AgentWorld): void {
    this.#failure = error;
    this.#ready = false;
    world.logger.fatal({ err: error }, "the packet path broke");
    this.#ended.reject(error);
  }

  async #waitForNetmap(signal: AbortSignal): Promise<void> {
    const { session, world } = this.#running();
    const waited = new AbortController();
    const deadline = sleep(world.clock, FIRST_NETMAP_MS, AbortSignal.any([signal, waited.signal])).then(() => {
      if (waited.signal.aborted) return;
      signal.throwIfAborted();
      throw session.error ?? new WarrenError("timeout", "the control plane sent no netmap; try again later");
    });
    try {
      await Promise.race([this.#firstNetmap.promise, deadline]);
      signal.throwIfAborted();
    } finally {
      waited.abort();
    }
  }

  #view(): AgentView {
    return agentView(this.#running(), {
      ready: this.#ready && this.#fence === null && this.#failure === null,
      lease: this.#lease!,
      knowledge: this.#knowledge,
      source: this.#source,
      fence: this.#fence,
      failure: this.#failure,
    });
  }

  #running(): AgentParts {
    if (!this.#parts) throw new WarrenError("not-ready", "the agent is not up; try again later");
    return this.#parts;
  }
}
