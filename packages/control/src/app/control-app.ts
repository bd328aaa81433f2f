import { join } from "node:path";
import { createHttpServer } from "@warren/common/api/http-server.ts";
import { createLocalServer } from "@warren/common/api/local-server.ts";
import { createLoopbackServer } from "@warren/common/api/loopback-server.ts";
import type { ControlStatus } from "@warren/common/api/types.ts";
import { WarrenError } from "@warren/common/errors/warren-error.ts";
import { encapsulationOf } from "@warren/common/net/encapsulation.ts";
import { type Clock, systemClock } from "@warren/common/runtime/clock.ts";
import { createLogger } from "@warren/common/runtime/logger.ts";
import { makeDirectory } from "@warren/common/runtime/make-directory.ts";
import type { Startable } from "@warren/common/runtime/startable.ts";
import type { Logger } from "pino";
import manifest from "../../package.json" with { type: "json" };
import { controlRoutes, pageRoutes, probeRoutes } from "../api/control-routes.ts";
import { describeCluster } from "../api/describe.ts";
import { countNodes, createControlMetrics } from "../api/metrics.ts";
import { openCaFile } from "../identity/ca-file.ts";
import { PAGE_DIR, PAGE_HEADERS } from "../live/page-files.ts";
import { createMeshCore, type MeshCore } from "../mesh/mesh-core.ts";
import { type ClusterSettings, checkSettings, ensureCluster, readCluster } from "../registry/cluster-settings.ts";
import type { Timing } from "../registry/timing.ts";
import { createRpcServer, type RpcServer } from "../rpc/rpc-server.ts";
import { openSqliteStore } from "../store/sqlite-store.ts";
import type { Store } from "../store/store.ts";
import type { ControlConfig } from "./control-config.ts";
import { checkDataDir } from "./data-dir.ts";

export interface ControlDeps {
  readonly clock?: Clock;
  /** Instead of the SQLite store of the data directory. Closed at stop. */
  readonly store?: Store;
  readonly logger?: Logger;
  readonly timing?: Partial<Timing>;
  /** Where the built page is. */
  readonly pageDir?: string;
}

export interface ControlApp extends Startable {
  /** Where agents connect, with the real port; valid after `start`. */
  readonly address: string;
  /** Where health, metrics and the page are, for this host; valid after `start`. */
  readonly http: string;
  /** Where the page is for others, if it is to be; valid after `start`. */
  readonly page: string | null;
  readonly socketPath: string;
  /** The running core; valid after `start`. */
  readonly core: MeshCore;
  status(): ControlStatus;
  /** How it is, in one line for people; also while it starts. */
  headline(): string;
}

interface Running {
  readonly core: MeshCore;
  readonly rpc: RpcServer;
  readonly advertise: string | null;
  readonly http: string;
  readonly page: string | null;
  readonly startedMs: number;
}

/**
 * The control plane, put together. It starts from the inside out (store, CA, core, gRPC, local API) and stops the other
 * way round; a start that fails undoes what it had begun.
 * @throws at `start`: `already-running`, `state-corrupt`, `key-exposed`, `pool-overlap`, `pool-too-small`,
 *   `pool-changed`, `config-invalid`, `port-in-use`, `address-not-local`, `disk-full`
 */
export function createControl(config: ControlConfig, deps: ControlDeps = {}): ControlApp {
  const clock = deps.clock ?? systemClock;
  const logger = deps.logger ?? createLogger({ level: config["log-level"], format: config["log-format"] });
  const socketPath = join(config["run-dir"], "control.sock");
  const phases: (() => Promise<void>)[] = [];
  let running: Running | undefined;
  let ready = false;

  const current = (): Running => {
    if (!running) throw new WarrenError("not-ready", "the control plane is still starting; try again in a moment");
    return running;
  };
  const status = () => describe(current(), clock);

  /** Starts a component and remembers how to stop it. */
  async function phase(component: Startable): Promise<void> {
    await component.start();
    phases.push(() => component.stop());
  }

  async function start(signal?: AbortSignal): Promise<void> {
    // Before anything is written: a wrong setting leaves no trace.
    const settings = settingsOf(config);
    checkSettings(settings);
    const store = deps.store ?? openStore(config, clock);
    phases.push(() => store.close());
    const isNew = (await readCluster(store)) === null;
    const ca = await openCaFile(join(config["data-dir"], "ca.json"), clock, isNew);
    const made = await ensureCluster(store, settings, ca.keyHash, clock);
    for (const [name, value] of [
      ["cipher", made.cipher],
      ["encapsulation", encapsulationOf(made)],
    ] as const) {
      const asked = config[name];
      if (asked === undefined || asked === value) continue;
      logger.warn(
        `the cluster's ${name} is ${value}, --${name} ${asked} is for new clusters; change it with: warren cluster set ${name}=${asked}`,
      );
    }
    const core = createMeshCore({ store, clock, ca, logger, ...(deps.timing && { timing: deps.timing }) });
    await phase(core);
    signal?.throwIfAborted();

    const metrics = createControlMetrics(core, () => rpc.connections);
    const observe = (...call: Parameters<typeof metrics.call>) => {
      metrics.call(...call);
      const [method, error] = call;
      if (error?.code === "internal") logger.error({ err: error, method }, "defect in a call");
      else if (error) logger.debug({ method, code: error.code, reason: error.message }, "call refused");
    };
    const rpc = createRpcServer({ address: config.listen, core, ca, clock, logger, observe });
    const options = { core, metrics, status, pageDir: deps.pageDir ?? PAGE_DIR, isReady: () => ready };
    const onDefect = (error: Error) => logger.error({ err: error }, "defect in a request");
    const shown = pageRoutes(options);
    const http = { onDefect, headers: PAGE_HEADERS };
    const loopback = createLoopbackServer({
      ...{ ...http, address: config.http, routes: [...probeRoutes(options), ...shown] },
    });
    await phase(loopback);
    // Whoever finds it by another name, rebound or not, sees what everybody may see who can reach it.
    const page = config.page === undefined ? null : createHttpServer({ ...http, address: config.page, routes: shown });
    if (page) await phase(page);
    await phase(createLocalServer({ socketPath, routes: controlRoutes(options), onDefect }));
    signal?.throwIfAborted();
    await phase(rpc);
    // Watches end before the server that carries them, so that agents hear why.
    phases.push(() => core.context.netmap.stop());
    phases.push(() => core.tasks.stop());
    const addresses = {
      advertise: config.advertise ?? null,
      http: loopback.address,
      page: page?.address ?? null,
    };
    running = { core, rpc, ...addresses, startedMs: clock.monotonicMs() };
    ready = true;
    const cluster = core.context.view.cluster;
    logger.info(
      { cluster: cluster.id, listen: rpc.address, ...addresses, pools: cluster.pools, made: isNew },
      "control plane is ready",
    );
  }

  async function stop(): Promise<void> {
    ready = false;
    const wasRunning = running !== undefined;
    for (let undo = phases.pop(); undo; undo = phases.pop()) await undo();
    running = undefined;
    if (wasRunning) logger.info("control plane stopped");
  }

  return {
    get address() {
      return current().rpc.address;
    },
    get http() {
      return current().http;
    },
    get page() {
      return current().page;
    },
    get core() {
      return current().core;
    },
    socketPath,
    status,
    headline: () => (running ? headline(running) : "starting"),
    async start(signal) {
      try {
        await start(signal);
      } catch (error) {
        await stop();
        throw error;
      }
    },
    stop,
  };
}

function headline({ core, rpc }: Running): string {
  const { ready, down } = countNodes(core);
  return `ready: ${ready + down} ${ready + down === 1 ? "node" : "nodes"}, ${down} down, on ${rpc.address}`;
}

function settingsOf(config: ControlConfig): ClusterSettings {
  const { "pod-cidr": pools, "node-prefix": nodePrefix, "sealed-port": sealedPort } = config;
  const { vni, port, cipher, encapsulation } = config;
  return { pools, nodePrefix, vni, port, sealedPort, cipher, encapsulation };
}

function openStore(config: ControlConfig, clock: Clock): Store {
  makeDirectory(config["data-dir"], 0o700);
  checkDataDir(config["data-dir"]);
  return openSqliteStore({ path: join(config["data-dir"], "state.db"), clock });
}

function describe({ core, rpc, advertise, http, page, startedMs }: Running, clock: Clock): ControlStatus {
  const { view, ca, netmap } = core.context;
  return {
    role: "control",
    version: manifest.version,
    cluster: describeCluster(view.cluster),
    listen: rpc.address,
    advertise,
    http,
    page,
    caFingerprint: `sha256:${ca.keyHash}`,
    caExpires: new Date(ca.certificate.validTo).toISOString(),
    revision: view.revision,
    nodes: countNodes(core),
    watchers: netmap.watchers,
    uptimeSeconds: Math.floor((clock.monotonicMs() - startedMs) / 1000),
  };
}
