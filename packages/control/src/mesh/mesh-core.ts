import type { MeshApi } from "@warren/common/rpc/mesh-api.ts";
import type { EnrollRequest, EnrollResponse } from "@warren/common/rpc/messages.ts";
import type { Clock } from "@warren/common/runtime/clock.ts";
import type { Startable } from "@warren/common/runtime/startable.ts";
import { type Logger, pino } from "pino";
import type { CertificateAuthority } from "../identity/certificate-authority.ts";
import { Tokens } from "../identity/tokens.ts";
import { parsePools } from "../ipam/pools.ts";
import { LiveReports } from "../live/live-reports.ts";
import { Netmap } from "../netmap/netmap.ts";
import { ClusterView } from "../registry/cluster-view.ts";
import { Liveness } from "../registry/liveness.ts";
import { DEFAULT_TIMING, type Timing } from "../registry/timing.ts";
import { Transactor } from "../registry/transactor.ts";
import type { Store } from "../store/store.ts";
import { TaskRelay } from "../tasks/task-relay.ts";
import { requireMember, requireNode } from "./access.ts";
import { type Applicant, admit, enroll } from "./admission.ts";
import type { MeshContext } from "./context.ts";
import { heartbeat } from "./heartbeat.ts";
import { Instances } from "./instances.ts";
import { leave } from "./leave.ts";
import { setPairCipher } from "./pair-ciphers.ts";
import { register } from "./registration.ts";

export interface MeshCoreOptions {
  /** Holds the cluster's record already (`ensureCluster`). The caller closes it, after `stop`. */
  readonly store: Store;
  readonly clock: Clock;
  readonly ca: CertificateAuthority;
  readonly timing?: Partial<Timing>;
  readonly logger?: Logger;
}

/** The control plane without any transport: gRPC and the simulator are two ways to call it. */
export interface MeshCore extends Startable {
  /** Valid after `start`. */
  readonly context: MeshContext;
  /** Parts of self-tests, passed on from node to node. */
  readonly tasks: TaskRelay;
  /** The Mesh service as the node of that id sees it; who calls is already known. */
  as(nodeId: string): MeshApi;
  /** The Enrollment service. */
  enroll(request: EnrollRequest): Promise<EnrollResponse>;
  /** Lets a node in without token and certificate, for a simulator that needs neither. Returns its id. */
  admit(applicant: Applicant): Promise<string>;
}

/** Puts the core together; nothing happens before `start`. */
export function createMeshCore(options: MeshCoreOptions): MeshCore {
  const { store, clock, ca } = options;
  const timing = { ...DEFAULT_TIMING, ...options.timing };
  const logger = options.logger ?? pino({ level: "silent" });
  const view = new ClusterView(store);
  const transactor = new Transactor(store, view);
  const liveness = new Liveness({ view, transactor, clock, timing, logger });
  const instances = new Instances({ view, clock, livenessMs: timing.livenessMs });
  const netmap = new Netmap({ view, clock, tickMs: timing.tickMs });
  const tokens = new Tokens({ view, transactor, clock, caHash: ca.keyHash });
  const live = new LiveReports({ view, clock });
  const tasks = new TaskRelay({ view, clock });
  let context: MeshContext | undefined;
  const running = (): MeshContext => {
    if (!context) throw new TypeError("the mesh core was not started");
    return context;
  };

  return {
    get context() {
      return running();
    },
    tasks,
    async start() {
      await view.start();
      const pools = parsePools(view.cluster.pools, view.cluster.nodePrefix);
      const duties = { liveness, instances, netmap, tokens, live };
      context = { view, transactor, ...duties, ca, pools, clock, timing, logger };
      await liveness.start();
      await netmap.start();
      await tasks.start();
    },
    async stop() {
      await tasks.stop();
      await netmap.stop();
      await liveness.stop();
      await view.stop();
    },
    as: (nodeId) => meshOf(running, tasks, nodeId),
    enroll: (request) => enroll(running(), request),
    admit: async (applicant) => (await transactor.run((draft) => admit(running(), draft, applicant, ""))).id,
  };
}

function meshOf(running: () => MeshContext, tasks: TaskRelay, nodeId: string): MeshApi {
  return {
    register: async (request) => register(running(), nodeId, request),
    heartbeat: async (request) => heartbeat(running(), nodeId, request),
    async *watchNetmap(request, signal) {
      const { view, netmap, instances } = running();
      const authorize = (): void => instances.require(requireMember(view, nodeId), request.instance);
      authorize();
      const ended = instances.watching(nodeId, request.instance);
      try {
        yield* netmap.watch(request, signal, authorize);
      } finally {
        ended();
      }
    },
    async renewCertificate(request) {
      const { view, ca } = running();
      const { name } = requireNode(view, nodeId);
      const csr = await ca.readRequest(request.csr_der);
      await noteKey(running(), nodeId, csr.keyHash);
      const certificate = await ca.issueNode({ clusterId: view.cluster.id, nodeId }, name, csr);
      // Revoked while the certificate was made: it would be refused anyway, but is not handed out either.
      requireNode(view, nodeId);
      return { certificate_der: certificate, ca_der: ca.der };
    },
    setPairCipher: async (request) => setPairCipher(running(), nodeId, request),
    leave: async (request) => leave(running(), nodeId, request),
    report: async (request) => {
      const { view, live } = running();
      requireMember(view, nodeId);
      live.take(nodeId, request);
    },
    askNode: async (request, signal) => ({ result_json: await tasks.ask(nodeId, request, signal) }),
    watchTasks: (signal) => tasks.watch(nodeId, signal),
    answerTask: async (request) => tasks.answer(nodeId, request),
  };
}

/** The key a node renewed with is the one it is known by from now on. */
async function noteKey({ view, transactor }: MeshContext, nodeId: string, keyHash: string): Promise<void> {
  await transactor.run((draft) => {
    const node = requireNode(view, nodeId);
    draft.read(view.nodes, nodeId);
    if (node.keyHash !== keyHash) draft.put(view.nodes, nodeId, { ...node, keyHash });
  });
}
