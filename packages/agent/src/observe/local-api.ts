import { join } from "node:path";
import { createLocalServer } from "@warren/common/api/local-server.ts";
import { LocalReply, type LocalRequest, type Route } from "@warren/common/api/route.ts";
import {
  DATAPLANES,
  type DataplaneInfo,
  type DataplaneKind,
  type KeysInfo,
  type PeerCipherInfo,
  type PeerCipherRequest,
  type PodInfo,
  type PodRequest,
  type StageCosts,
  type StagesRequest,
} from "@warren/common/api/types.ts";
import { WarrenError } from "@warren/common/errors/warren-error.ts";
import { SEALING_CIPHERS } from "@warren/common/net/cipher.ts";
import type { Startable } from "@warren/common/runtime/startable.ts";
import { type AgentView, agentIpam, agentStatus, clusterInfo, nodeList, peerList } from "./agent-status.ts";

/** For how long stages are timed. The end is bounded: the timing costs the packet path a little. */
const DEFAULT_SECONDS = 5;
const MAX_SECONDS = 60;

/** What the local API lets its callers do. */
export interface AgentActions {
  addPod(request: PodRequest): Promise<PodInfo>;
  deletePod(namespace: string, name: string): Promise<PodInfo>;
  dataplane(): DataplaneInfo;
  changeDataplane(kind: DataplaneKind): Promise<DataplaneInfo>;
  leave(release: boolean, answered: AbortSignal): Promise<void>;
  keys(): KeysInfo;
  rotateKeys(options: { readonly now: boolean }): Promise<KeysInfo>;
  /** @param cipher empty for the cluster's own */
  setPeerCipher(name: string, cipher: string): Promise<void>;
  measureStages(seconds: number, signal: AbortSignal): Promise<StageCosts>;
  /** Checks the request. */
  ask(request: unknown, signal: AbortSignal): Promise<unknown>;
}

export interface AgentApiOptions {
  readonly runDir: string;
  readonly agent: AgentActions;
  /** Throws `not-ready` while there is nothing to see. */
  readonly view: () => AgentView;
  readonly onDefect: (error: WarrenError) => void;
}

/** The API of `common/api/types.ts` on `RUN_DIR/agent.sock`. */
export function createAgentApi(options: AgentApiOptions): Startable {
  const { runDir, onDefect } = options;
  return createLocalServer({ socketPath: join(runDir, "agent.sock"), routes: agentRoutes(options), onDefect });
}

/** The routes alone, without a socket. */
export function agentRoutes({ agent, view }: Pick<AgentApiOptions, "agent" | "view">): Route[] {
  return [
    get("/v1/status", () => agentStatus(view())),
    get("/v1/cluster", () => clusterInfo(view().lease.cluster)),
    get("/v1/nodes", () => nodeList(view())),
    get("/v1/peers", () => peerList(view())),
    get("/v1/ipam", () => agentIpam(view())),
    get("/v1/pods", () => view().pods),
    { method: "POST", path: "/v1/pods", handle: ({ body }) => agent.addPod(body as PodRequest) },
    {
      method: "DELETE",
      path: "/v1/pods/:namespace/:name",
      handle: ({ params }) => agent.deletePod(params["namespace"]!, params["name"]!),
    },
    get("/v1/dataplane", () => agent.dataplane()),
    { method: "PUT", path: "/v1/dataplane", handle: (request) => agent.changeDataplane(dataplaneOf(request)) },
    {
      method: "POST",
      path: "/v1/leave",
      handle: async (request) => {
        // The signal aborts when the answer is out, or when nobody waits for it any more.
        await agent.leave(flagOf(request, "release"), request.signal);
        return {};
      },
    },
    {
      method: "POST",
      path: "/v1/stages",
      // A caller that goes away ends it: nobody waits for the result.
      handle: (request) => agent.measureStages(secondsOf(request), request.signal),
    },
    { method: "POST", path: "/v1/ask", handle: ({ body, signal }) => agent.ask(body, signal) },
    get("/v1/keys", () => agent.keys()),
    { method: "POST", path: "/v1/keys/rotate", handle: (request) => agent.rotateKeys({ now: flagOf(request, "now") }) },
    {
      method: "PUT",
      path: "/v1/peers/:name",
      handle: async (request): Promise<PeerCipherInfo> => {
        const [peer, cipher] = [request.params["name"]!, cipherOf(request)];
        await agent.setPeerCipher(peer, cipher === "default" ? "" : cipher);
        return { peer, cipher };
      },
    },
    get("/healthz", () => text(200, "ok\n")),
    get("/readyz", () => readiness(view())),
    get("/metrics", () => metrics(view())),
  ];
}

function get(path: string, handle: (request: LocalRequest) => unknown): Route {
  return { method: "GET", path, handle };
}

function dataplaneOf({ body }: LocalRequest): DataplaneKind {
  const kind = (body as { dataplane?: unknown } | null | undefined)?.dataplane;
  const known = DATAPLANES.find((name) => name === kind);
  if (!known) throw new WarrenError("usage", `dataplane must be ${DATAPLANES.join(" or ")}`);
  return known;
}

/** False where it is not given. */
function flagOf({ body }: LocalRequest, name: string): boolean {
  const flag = (body as Record<string, unknown> | null | undefined)?.[name] ?? false;
  if (typeof flag !== "boolean") throw new WarrenError("usage", `${name} must be true or false`);
  return flag;
}

/** Which ciphers there are is the control plane's to say. */
function cipherOf({ body }: LocalRequest): string {
  const cipher = (body as Partial<PeerCipherRequest> | null | undefined)?.cipher;
  if (typeof cipher !== "string" || cipher === "")
    throw new WarrenError("usage", `cipher must be ${SEALING_CIPHERS.join(", ")} or default`);
  return cipher;
}

function secondsOf({ body }: LocalRequest): number {
  const seconds = (body as StagesRequest | null | undefined)?.seconds ?? DEFAULT_SECONDS;
  if (!Number.isInteger(seconds) || seconds < 1 || seconds > MAX_SECONDS)
    throw new WarrenError("usage", `seconds must be a whole number from 1 to ${MAX_SECONDS}`);
  return seconds;
}

/** 503 with the reasons while the node does not forward. An unreachable control plane is none of them. */
function readiness(view: AgentView): LocalReply {
  if (view.ready) return text(200, "ok\n");
  const { warnings } = agentStatus(view);
  return text(503, `${warnings.join("\n") || "starting"}\n`);
}

/** Loaded with the first scrape: a node that nobody scrapes does not pay for the library. */
async function metrics(view: AgentView): Promise<LocalReply> {
  const { renderMetrics } = await import("./metrics.ts");
  const { contentType, body } = await renderMetrics(view);
  return new LocalReply(200, contentType, body);
}

function text(status: number, body: string): LocalReply {
  return new LocalReply(status, "text/plain; charset=utf-8", body);
}
