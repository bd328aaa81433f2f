import { expect, it } from "vitest";
import { FakeDataPlane } from "../testing/fake-data-plane.ts";
import type { AgentView } from "./agent-status.ts";
import { agentRoutes } from "./local-api.ts";
import { renderMetrics } from "./metrics.ts";

const self = {
  ...{ id: "a", name: "node-1", underlay_address: "192.0.2.1", port: 4789, vtep_mac: "02:00:00:00:00:01", epoch: 1 },
  ...{ pod_cidrs: ["10.244.1.0/24"], state: "NODE_STATE_READY" as const, foreign: false },
  ...{ sealing_key: new Uint8Array(), sealed_port: 0, key_epoch: 0 },
};
const stats = new FakeDataPlane({} as never).stats();
const traffic = { txPackets: 3, txBytes: 300, rxPackets: 4, rxBytes: 400 };
const view: AgentView = {
  version: "1.2.3",
  ready: true,
  lease: {
    cluster: {
      ...{ id: "c", pod_cidrs: ["10.244.0.0/16"], vni: 4096, port: 4789, cipher: "none", encapsulation: "always" },
      ...{ sealed_port: 51820, pair_ciphers: [] },
    },
    self,
  },
  knowledge: {
    netmap: {
      revision: 7,
      nodes: new Map([
        ["a", self],
        ["b", { ...self, id: "b", name: "node-2" }],
      ]),
    },
    asOfMs: 1_000,
  },
  source: "control",
  plainPrefixes: [],
  sealing: null,
  control: { address: "192.0.2.9:7443", connected: true, error: null },
  certificate: { fromMs: 0, toMs: 60_000 },
  ...{ tun: "warren0", overlayMtu: 1450, underlayMtu: 1500 },
  stats: { ...stats, total: traffic, peers: new Map([["b", traffic]]), drops: { ...stats.drops, "no-route": 2 } },
  pods: [],
  ipam: { leases: [{ cidr: "10.244.1.0/24", nodeAddress: "10.244.1.1", capacity: 253, used: 0 }], addresses: [] },
  ...{ fence: null, failure: null, saveFault: null, pathFault: null, clockOffMs: 0, nowMs: 6_000, startedMs: 0 },
};

it("shows what the status shows, for Prometheus", async () => {
  const { body, contentType } = await renderMetrics(view);
  expect(contentType).toContain("text/plain");
  for (const line of [
    'warren_agent_info{version="1.2.3",node="node-1",node_id="a"} 1',
    "warren_agent_ready 1",
    "warren_agent_netmap_revision 7",
    "warren_agent_netmap_age_seconds 5",
    "warren_agent_nodes 2",
    "warren_agent_pod_addresses_capacity 253",
    'warren_agent_packets_total{direction="tx"} 3',
    'warren_agent_peer_bytes_total{peer="node-2",direction="rx"} 400',
    'warren_agent_dropped_packets_total{reason="no-route"} 2',
    'warren_agent_dropped_packets_total{reason="ingress-spoof"} 0',
  ])
    expect(body.split("\n")).toContain(line);
});

it("is ready by what it does, not by whom it can talk to", async () => {
  const routes = (state: Partial<AgentView>) =>
    agentRoutes({ agent: {} as never, view: () => ({ ...view, ...state }) }).find(({ path }) => path === "/readyz")!;
  const request = {} as never;
  const silent = { ...view.control, connected: false };
  expect(routes({ control: silent }).handle(request)).toMatchObject({ status: 200 });
  expect(routes({ ready: false, failure: new Error("worker ended") }).handle(request)).toMatchObject({
    status: 503,
    body: expect.stringContaining("worker ended"),
  });
});

it("has no series for peers where the packet path does not count by peer", async () => {
  const { body } = await renderMetrics({ ...view, stats: { ...view.stats, kind: "kernel", peers: null } });
  expect(body).not.toContain("warren_agent_peer_bytes_total{");
  expect(body).toContain('warren_agent_packets_total{direction="tx"} 3');
});
