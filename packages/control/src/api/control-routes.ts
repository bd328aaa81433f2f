import { LocalReply, type Route } from "@warren/common/api/route.ts";
import { parseTaskResult } from "@warren/common/api/task-result.ts";
import type { ControlStatus, ForeignPeerRequest, TokenRequest, VxlanPeerRequest } from "@warren/common/api/types.ts";
import { WarrenError } from "@warren/common/errors/warren-error.ts";
import { meshRoute } from "../live/mesh-route.ts";
import { pageFiles } from "../live/page-files.ts";
import { changeCluster } from "../mesh/cluster-change.ts";
import { addForeignPeer, removeForeignPeer } from "../mesh/foreign-peers.ts";
import type { MeshCore } from "../mesh/mesh-core.ts";
import { revokeNode } from "../mesh/removal.ts";
import { addReservation, removeReservation } from "../mesh/reservations.ts";
import { errorAtEdge } from "../store/error-at-edge.ts";
import { describeCluster, describeIpam, describeNode, describeNodes } from "./describe.ts";
import type { ControlMetrics } from "./metrics.ts";
import {
  askRequest,
  clusterChange,
  readBody,
  reservationRequest,
  tokenRequest,
  vxlanPeerRequest,
  wireguardPeerRequest,
} from "./request-shapes.ts";
import { wireguardConfig } from "./wireguard-config.ts";

export interface ControlRoutesOptions {
  readonly core: MeshCore;
  readonly metrics: ControlMetrics;
  readonly status: () => ControlStatus;
  /** Where the built page is. */
  readonly pageDir: string;
  /** False while starting and stopping. */
  readonly isReady: () => boolean;
}

/** Routes for probes and scrapers: nothing secret, nothing that changes anything. */
export function probeRoutes({ metrics, isReady }: ControlRoutesOptions): Route[] {
  return [
    { method: "GET", path: "/healthz", handle: () => new LocalReply(200, "text/plain", "ok\n") },
    {
      method: "GET",
      path: "/readyz",
      handle: () => {
        if (!isReady()) throw new WarrenError("not-ready", "the control plane is starting or stopping");
        return new LocalReply(200, "text/plain", "ok\n");
      },
    },
    {
      method: "GET",
      path: "/metrics",
      handle: async () => new LocalReply(200, metrics.registry.contentType, await metrics.registry.metrics()),
    },
  ];
}

/** The page that shows the mesh, and what it shows: on every HTTP address, and for others to look at. */
export function pageRoutes({ core, status, pageDir }: ControlRoutesOptions): Route[] {
  return [meshRoute(core, status), ...pageFiles(pageDir)];
}

/** Everything `control.sock` answers; see `common/api/types.ts`. */
export function controlRoutes(options: ControlRoutesOptions): Route[] {
  const { core, status } = options;
  const routes: Route[] = [
    { method: "GET", path: "/v1/status", handle: status },
    { method: "GET", path: "/v1/cluster", handle: () => describeCluster(core.context.view.cluster) },
    {
      method: "POST",
      path: "/v1/cluster",
      handle: async ({ body }) => describeCluster(await changeCluster(core.context, readBody(clusterChange, body))),
    },
    { method: "GET", path: "/v1/nodes", handle: () => describeNodes(core.context, false) },
    {
      method: "DELETE",
      path: "/v1/nodes/:name",
      handle: async ({ params }) => {
        const before = describeNodes(core.context, false).find((node) => node.name === params["name"]);
        const node = await revokeNode(core.context, params["name"]!);
        return before ?? describeNode(core.context, node);
      },
    },
    { method: "GET", path: "/v1/peers", handle: () => describeNodes(core.context, true) },
    {
      method: "POST",
      path: "/v1/peers",
      handle: async ({ body }) => describeNode(core.context, await addForeignPeer(core.context, peerOf(body))),
    },
    {
      method: "GET",
      path: "/v1/peers/:name/config",
      handle: ({ params }) => wireguardConfig(core.context, params["name"]!),
    },
    {
      method: "DELETE",
      path: "/v1/peers/:name",
      handle: async ({ params }) => describeNode(core.context, await removeForeignPeer(core.context, params["name"]!)),
    },
    { method: "GET", path: "/v1/ipam", handle: () => describeIpam(core.context) },
    meshRoute(core, status),
    {
      method: "POST",
      path: "/v1/reservations",
      handle: ({ body }) => {
        const { cidr, note } = readBody(reservationRequest, body);
        return addReservation(core.context, cidr, note);
      },
    },
    {
      method: "DELETE",
      path: "/v1/reservations/:cidr",
      handle: ({ params }) => removeReservation(core.context, params["cidr"]!),
    },
    { method: "GET", path: "/v1/tokens", handle: () => core.context.tokens.list() },
    {
      method: "POST",
      path: "/v1/tokens",
      handle: ({ body }) => core.context.tokens.create(readBody(tokenRequest, body) as TokenRequest),
    },
    {
      method: "POST",
      path: "/v1/ask",
      handle: async ({ body, signal }) => {
        const { node, task } = readBody(askRequest, body);
        const request = { node_name: node, task_json: JSON.stringify(task) };
        return parseTaskResult(await core.tasks.ask(null, request, signal), node);
      },
    },
    { method: "DELETE", path: "/v1/tokens/:id", handle: ({ params }) => core.context.tokens.revoke(params["id"]!) },
  ];
  return [...routes, ...probeRoutes(options)].map(withEdgeErrors);
}

/** A request with a public key is of a WireGuard peer, any other of a VXLAN peer. */
function peerOf(body: unknown): ForeignPeerRequest {
  const isWireguard = typeof body === "object" && body !== null && "publicKey" in body;
  return isWireguard ? readBody(wireguardPeerRequest, body) : (readBody(vxlanPeerRequest, body) as VxlanPeerRequest);
}

/** A full disk is shown as what it is, not as a store that does not answer. */
function withEdgeErrors(route: Route): Route {
  return {
    ...route,
    handle: async (request) => {
      try {
        return await route.handle(request);
      } catch (error) {
        throw errorAtEdge(error);
      }
    },
  };
}
