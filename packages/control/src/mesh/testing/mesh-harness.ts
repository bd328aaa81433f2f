import { newPublicKey } from "@warren/common/identity/testing/new-public-key.ts";
import type { MeshApi } from "@warren/common/rpc/mesh-api.ts";
import {
  type NetmapUpdate,
  PROTOCOL_VERSION,
  type RegisterRequest,
  type RegisterResponse,
} from "@warren/common/rpc/messages.ts";
import { CertificateAuthority } from "../../identity/certificate-authority.ts";
import { type ClusterSettings, ensureCluster } from "../../registry/cluster-settings.ts";
import { createMemoryStore } from "../../store/memory-store.ts";
import type { Store } from "../../store/store.ts";
import { ManualClock } from "../../testing/manual-clock.ts";
import { createMeshCore, type MeshCore } from "../mesh-core.ts";

let sharedCa: Promise<CertificateAuthority> | undefined;

/** A control plane in memory under a clock that the test moves; what the simulator uses, without its network. */
export class MeshHarness {
  readonly clock = new ManualClock();
  readonly store: Store;
  readonly ca: CertificateAuthority;
  core: MeshCore;

  private constructor(store: Store | undefined, ca: CertificateAuthority) {
    this.store = store ?? createMemoryStore({ clock: this.clock });
    this.ca = ca;
    this.core = this.newCore();
  }

  static async start(settings: Partial<ClusterSettings> = {}, store?: Store): Promise<MeshHarness> {
    sharedCa ??= CertificateAuthority.createInMemory(new ManualClock());
    const ca = await sharedCa;
    const harness = new MeshHarness(store, ca);
    const wanted = { pools: ["10.244.0.0/16"], nodePrefix: 24, vni: 4096, port: 4789, ...settings };
    await ensureCluster(harness.store, wanted, ca.keyHash, harness.clock);
    await harness.core.start();
    return harness;
  }

  /** Another control plane on the same store. */
  newCore(): MeshCore {
    return createMeshCore({ store: this.store, clock: this.clock, ca: this.ca });
  }

  /** Ends this control plane and starts the next one on the same store, as after a crash. */
  async restart(downMs = 0): Promise<void> {
    await this.core.stop();
    await this.clock.advance(downMs);
    this.core = this.newCore();
    await this.core.start();
  }

  async stop(): Promise<void> {
    await this.core.stop();
    await this.store.close();
  }

  async node(name: string, underlayAddress: string): Promise<HarnessNode> {
    const id = await this.core.admit({ nodeName: name, underlayAddress });
    return new HarnessNode(this, id, name, underlayAddress);
  }
}

export class HarnessNode {
  readonly id: string;
  readonly name: string;
  underlayAddress: string;
  /** What an agent would have on disk. */
  held: readonly string[] = [];
  epoch = 0;
  sealingKey: Uint8Array = newPublicKey();
  /** This run of its agent, and its machine; as from an agent that does not know of it while they are empty. */
  instance = "";
  host = "";
  readonly #harness: MeshHarness;

  constructor(harness: MeshHarness, id: string, name: string, underlayAddress: string) {
    this.#harness = harness;
    this.id = id;
    this.name = name;
    this.underlayAddress = underlayAddress;
  }

  get mesh(): MeshApi {
    return this.#harness.core.as(this.id);
  }

  async register(change: Partial<RegisterRequest> = {}): Promise<RegisterResponse> {
    const response = await this.mesh.register({
      protocol: PROTOCOL_VERSION,
      node_name: this.name,
      underlay_address: this.underlayAddress,
      port: 4789,
      version: "0.1.0",
      held_pod_cidrs: this.held,
      held_epoch: this.epoch,
      accept_new_lease: false,
      sealing_key: this.sealingKey,
      sealed_port: 0,
      ...{ instance: this.instance, host: this.host },
      ...change,
    });
    this.held = response.self.pod_cidrs;
    this.epoch = response.self.epoch;
    return response;
  }

  /** Another process with the same identity: a restart of its agent, or a copy of its state directory elsewhere. */
  twin(instance: string, host: string, underlayAddress = this.underlayAddress): HarnessNode {
    const twin = new HarnessNode(this.#harness, this.id, this.name, underlayAddress);
    return Object.assign(twin, { instance, host, held: this.held, epoch: this.epoch, sealingKey: this.sealingKey });
  }

  heartbeat() {
    return this.mesh.heartbeat({ epoch: this.epoch, applied_revision: 0, pods: 0, instance: this.instance });
  }

  /** Heartbeats every 5 s for a while. */
  async live(forMs: number): Promise<void> {
    for (let passed = 0; passed < forMs; passed += 5_000) {
      await this.heartbeat();
      await this.#harness.clock.advance(Math.min(5_000, forMs - passed));
    }
  }

  /** @param last the update to go on from */
  watch(last?: NetmapUpdate): NetmapReader {
    return new NetmapReader(this, last, this.#harness.clock);
  }
}

/** Follows a netmap as an agent does. */
export class NetmapReader {
  readonly #stop = new AbortController();
  readonly #updates: AsyncIterator<NetmapUpdate>;
  readonly #clock: ManualClock;

  constructor({ mesh, instance }: HarnessNode, last: NetmapUpdate | undefined, clock: ManualClock) {
    this.#clock = clock;
    const request = { after_revision: last?.revision ?? 0, generation: last?.generation ?? "", instance };
    this.#updates = mesh.watchNetmap(request, this.#stop.signal)[Symbol.asyncIterator]();
  }

  /** The next update, with a tick's time passing meanwhile. */
  async soon(): Promise<NetmapUpdate> {
    const update = this.next();
    update.catch(() => {});
    await this.#clock.advance(50);
    return update;
  }

  async next(): Promise<NetmapUpdate> {
    const result = await this.#updates.next();
    if (result.done) throw new Error("the watch ended");
    return result.value;
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#updates.return?.();
  }
}
