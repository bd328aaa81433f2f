import { WarrenError } from "@warren/common/errors/warren-error.ts";
import type { ReportRequest } from "@warren/common/rpc/messages.ts";
import { REPORT_LIMITS } from "@warren/common/rpc/report-limits.ts";
import { pino } from "pino";
import { afterEach, beforeEach, expect, it } from "vitest";
import type { Agent } from "../app/agent-app.ts";
import { AgentHarness, PEER } from "../app/testing/agent-harness.ts";

let harness: AgentHarness;

beforeEach(() => {
  harness = new AgentHarness();
});
afterEach(() => harness.close());

const reports = () => harness.control.reports;
const last = (): ReportRequest => reports().at(-1)!;
const advance = (ms: number) => harness.clock.advance(ms);

/** An agent that hears within one heartbeat that somebody looks. */
async function watched(intervalMs = 1_000): Promise<Agent> {
  const agent = await harness.up(harness.make());
  harness.control.reportIntervalMs = intervalMs;
  await advance(6_000);
  return agent;
}

/** How many reports come in that time. */
async function within(ms: number): Promise<number> {
  const before = reports().length;
  await advance(ms);
  return reports().length - before;
}

it("reports as often as it is asked to, and not at all unless it is", async () => {
  await harness.up(harness.make());
  expect(await within(60_000)).toBe(0);
  harness.control.reportIntervalMs = 1_000;
  await advance(6_000);
  expect(await within(10_000)).toBe(10);
  harness.control.reportIntervalMs = 4_000;
  await advance(12_000);
  expect(await within(20_000)).toBe(5);
  harness.control.reportIntervalMs = 0;
  await advance(6_000);
  expect(await within(60_000)).toBe(0);
  expect(harness.echoes.openSockets).toBe(0);
});

it("stops when the control plane does not answer, and goes on when it does and still asks", async () => {
  await watched();
  harness.control.silent = true;
  harness.control.breakWatches();
  await advance(60_000);
  expect(harness.echoes.openSockets).toBe(0);
  harness.control.silent = false;
  await advance(30_000);
  expect(await within(10_000)).toBe(10);
});

it("forwards on when reports are refused, and goes on reporting", async () => {
  const agent = await watched();
  harness.control.reportError = new WarrenError("usage", "no");
  expect(await within(5_000)).toBe(0);
  expect(agent.status()).toMatchObject({ ready: true, warnings: [], control: { connected: true } });
  harness.control.reportError = null;
  expect(await within(5_000)).toBe(5);
});

it("ends with the agent", async () => {
  const agent = await watched();
  await agent.stop();
  expect(await within(60_000)).toBe(0);
  expect(harness.echoes.openSockets).toBe(0);
});

it("tells what the node is and has", async () => {
  const agent = await watched();
  harness.control.put(PEER);
  const pod = await agent.addPod({ name: "web" });
  harness.dataPlane.traffic = { txPackets: 3, txBytes: 300, rxPackets: 2, rxBytes: 200 };
  harness.dataPlane.peerTraffic.set(PEER.id, { txPackets: 1, txBytes: 100, rxPackets: 0, rxBytes: 0 });
  await advance(2_000);
  expect(last()).toEqual({
    measured_ms: expect.any(Number),
    applied_revision: harness.control.revision,
    ...{ version: agent.status().version, dataplane: "tun", overlay_mtu: 1450, warnings: [], drops: 0 },
    traffic: { tx_packets: 3, tx_bytes: 300, rx_packets: 2, rx_bytes: 200 },
    pods: [{ namespace: "default", name: "web", addresses: pod.addresses }],
    peers: [
      {
        ...{ node_id: "node2", path: "encapsulated", cipher: "none", session: "", rtt_us: 0 },
        traffic: { tx_packets: 1, tx_bytes: 100, rx_packets: 0, rx_bytes: 0 },
      },
    ],
  });
  const [before, after] = reports().slice(-2) as [ReportRequest, ReportRequest];
  expect(after.measured_ms - before.measured_ms).toBe(1_000);
});

it("tells of the peers with the most traffic where there are more than a report may hold", async () => {
  await watched(2_000);
  for (let i = 1; i <= 150; i++) {
    const id = `n${i}`;
    harness.control.put({ ...PEER, id, name: `node-${i}`, underlay_address: `192.0.2.${i + 50}`, pod_cidrs: [] });
    harness.dataPlane.peerTraffic.set(id, { txPackets: i, txBytes: i * 10, rxPackets: 0, rxBytes: 0 });
  }
  await advance(4_000);
  const told = last().peers.map(({ node_id: id }) => Number(id.slice(1)));
  expect(told).toHaveLength(REPORT_LIMITS.peers);
  expect(told).toEqual(Array.from({ length: 100 }, (_, i) => 150 - i));
});

it("tells how long peers take to answer through the overlay, until they do not", async () => {
  await watched();
  harness.control.put(PEER);
  harness.control.put({
    ...PEER,
    id: "six",
    name: "six",
    underlay_address: "192.0.2.13",
    pod_cidrs: ["fd00:77:3::/64"],
  });
  harness.echoes.roundTripMs.set("10.244.2.1", 0.25).set("fd00:77:3::1", 1.5);
  await advance(3_000);
  const rtt = () => Object.fromEntries(last().peers.map(({ node_id: id, rtt_us }) => [id, rtt_us]));
  expect(rtt()).toEqual({ node2: 250, six: 1_500 });
  harness.echoes.roundTripMs.set("10.244.2.1", 7);
  await advance(2_000);
  expect(rtt()).toEqual({ node2: 7_000, six: 1_500 });
  harness.echoes.roundTripMs.delete("10.244.2.1");
  await advance(3_000);
  expect(rtt()).toEqual({ node2: 0, six: 1_500 });
});

it("asks nodes with agents only, and leaves out who is in the netmap with a broken entry", async () => {
  await watched();
  harness.control.put({ ...PEER, id: "f", name: "vtep", foreign: true, pod_cidrs: ["10.99.0.0/24"] });
  harness.control.put({ ...PEER, id: "evil", name: "evil", pod_cidrs: ["10.244.9.0/24 dev eth0"] });
  harness.control.put(PEER);
  await advance(3_000);
  expect([...new Set(harness.echoes.requests.map(({ address }) => address))]).toEqual(["10.244.2.1"]);
  expect(
    last()
      .peers.map(({ node_id: id }) => id)
      .sort(),
  ).toEqual(["evil", "f", "node2"]);
});

it("spreads what it asks over the time between two reports", async () => {
  for (let i = 1; i <= 100; i++)
    harness.control.put({ ...PEER, id: `n${i}`, name: `node-${i}`, pod_cidrs: [`10.244.${i + 100}.0/24`] });
  await watched();
  await advance(3_000);
  harness.echoes.requests.length = 0;
  await advance(1_000);
  expect(harness.echoes.requests).toHaveLength(100);
  const byMoment = Map.groupBy(harness.echoes.requests, ({ atMs }) => atMs);
  expect(byMoment.size).toBe(16);
  expect(Math.max(...[...byMoment.values()].map((each) => each.length))).toBeLessThanOrEqual(7);
});

it("says once that round trips cannot be measured, and reports without them", async () => {
  const lines: string[] = [];
  const logger = pino({ level: "warn" }, { write: (line: string) => void lines.push(line) });
  harness.echoes.refusal = new WarrenError("not-root", "an ICMP socket needs CAP_NET_RAW");
  await harness.up(harness.make({}, { logger }));
  harness.control.put(PEER);
  for (const intervalMs of [1_000, 0, 1_000]) {
    harness.control.reportIntervalMs = intervalMs;
    await advance(10_000);
  }
  expect(last().peers).toMatchObject([{ node_id: "node2", rtt_us: 0 }]);
  expect(lines.filter((line) => line.includes("CAP_NET_RAW"))).toHaveLength(1);
});
