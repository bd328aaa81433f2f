import type { createLogger } from "@warren/common/runtime/logger.ts";
import { CertificateAuthority } from "@warren/control/identity/certificate-authority.ts";
import { createMeshCore, type MeshCore } from "@warren/control/mesh/mesh-core.ts";
import { type ClusterSettings, ensureCluster } from "@warren/control/registry/cluster-settings.ts";
import type { Timing } from "@warren/control/registry/timing.ts";
import { JournaledStore, type StoreContent } from "@warren/control/store/journaled-store.ts";
import { createMemoryStore } from "@warren/control/store/memory-store.ts";
import type { Store } from "@warren/control/store/store.ts";
import type { MeshServer, RpcNetwork } from "./rpc-network.ts";
import { SimProcess, WallClock } from "./sim-process.ts";
import { VirtualTime } from "./virtual-time.ts";

export type SimLogger = ReturnType<typeof createLogger>;

export const DEFAULT_SETTINGS: ClusterSettings = { pools: ["10.244.0.0/16"], nodePrefix: 24, vni: 4096, port: 4789 };

export interface ControlHostOptions {
  readonly time: VirtualTime;
  readonly rpc: RpcNetwork;
  readonly logger: SimLogger;
  readonly settings: ClusterSettings;
  readonly timing: Partial<Timing>;
}

/** Made with real cryptography, which takes real time: once for all worlds, before theirs begins. */
let sharedCa: Promise<CertificateAuthority> | undefined;

/**
 * The machine of the control plane: the real core, in a process that can be killed, over a store that outlives it as a
 * disk does. What stands between an agent and its identity (TLS, tokens, certificates) is tested elsewhere, with real
 * connections; here a node is known by its id.
 */
export class ControlHost {
  readonly wall = new WallClock();
  readonly #options: ControlHostOptions;
  readonly #ca: CertificateAuthority;
  /** What the token's record does for a node whose answer was lost: the same key is the same node. */
  readonly #enrolled = new Map<string, string>();
  #process: SimProcess;
  #running: MeshCore | null = null;
  store: Store;

  private constructor(options: ControlHostOptions, ca: CertificateAuthority) {
    this.#options = options;
    this.#ca = ca;
    this.#process = new SimProcess(options.time, this.wall);
    this.store = createMemoryStore({ clock: options.time });
  }

  static async start(options: ControlHostOptions): Promise<ControlHost> {
    sharedCa ??= CertificateAuthority.createInMemory(new VirtualTime());
    const host = new ControlHost(options, await sharedCa);
    await host.start();
    return host;
  }

  get isUp(): boolean {
    return this.#running !== null;
  }

  /** The running core. Throws while the control plane is down. */
  get core(): MeshCore {
    if (!this.#running) throw new Error("the control plane is down");
    return this.#running;
  }

  async start(): Promise<void> {
    const { time, rpc, logger, settings, timing } = this.#options;
    this.#process = new SimProcess(time, this.wall);
    const clock = this.#process;
    await ensureCluster(this.store, settings, this.#ca.keyHash, clock);
    const core = createMeshCore({ store: this.store, clock, ca: this.#ca, timing, logger });
    await core.start();
    this.#running = core;
    rpc.listen(this.#serverOf(core));
  }

  /** `kill -9`: what was committed is in the store, nothing else is anywhere. */
  async crash(): Promise<void> {
    const core = this.#running;
    if (!core) return;
    this.#running = null;
    this.#options.rpc.unlisten();
    this.#process.kill();
    // Nothing it held can act any more; this only has it let go of the store, and writes nothing.
    await core.stop();
  }

  /** What a backup of the data directory would hold now. */
  async backup(): Promise<StoreContent> {
    const { entries, revision } = await this.store.range("");
    return { revision, entries, leases: [], nextLease: 1 };
  }

  /** Sets the disk back to a backup; only while the control plane is down. */
  restore(content: StoreContent): void {
    if (this.#running) throw new Error("the control plane is up");
    const journal = { commit() {}, close() {} };
    this.store = new JournaledStore({ clock: this.#options.time, content, journal });
  }

  /** Timers that would still fire. */
  get pendingTimers(): number {
    return this.#process.pendingTimers;
  }

  #serverOf(core: MeshCore): MeshServer {
    return {
      as: (nodeId) => core.as(nodeId),
      enroll: async ({ key, ...applicant }) => {
        const known = this.#enrolled.get(key);
        if (known !== undefined) return known;
        const nodeId = await core.admit(applicant);
        this.#enrolled.set(key, nodeId);
        return nodeId;
      },
    };
  }
}
