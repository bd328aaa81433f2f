import { existsSync, mkdirSync, readFileSync, rmdirSync } from "node:fs";
import { join } from "node:path";
import { WarrenError } from "@warren/common/errors/warren-error.ts";
import { createLogger } from "@warren/common/runtime/logger.ts";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { AgentHarness, PEER } from "./testing/agent-harness.ts";

let harness: AgentHarness;
beforeEach(() => {
  harness = new AgentHarness();
});
afterEach(() => harness.close());

const file = () => join(harness.dir, "run", "subnet.env");
const value = (key: string) => new RegExp(`^${key}=(.*)$`, "m").exec(readFileSync(file(), "utf8"))?.[1];
const start = (changes = {}) => harness.up(harness.make(changes, { localApi: true }));

it("tells the host's other programs of its lease before it is ready, and follows the MTU", async () => {
  const { control, clock } = harness;
  const seen: boolean[] = [];
  const logger = createLogger({ write: (line) => void (line.includes(" ready ") && seen.push(existsSync(file()))) });
  const agent = await harness.up(harness.make({}, { localApi: true, logger }));
  expect(seen).toEqual([true]);
  expect(value("FLANNEL_SUBNET")).toBe("10.244.1.1/24");
  expect(value("FLANNEL_MTU")).toBe("1450");
  control.put(PEER);
  control.change({ cipher: "aes-256-gcm" });
  await clock.advance(10_000);
  expect(value("FLANNEL_MTU")).toBe("1440");
  expect(agent.headline()).toBe("ready: node-1, 10.244.1.0/24, 1 peer, connected");
});

it("does not start when it cannot tell them, and does not mind later", async () => {
  const blocked = `${file()}.new`;
  mkdirSync(blocked, { recursive: true });
  await expect(start()).rejects.toThrow(/EISDIR/);
  rmdirSync(blocked);

  const agent = await start();
  mkdirSync(blocked);
  harness.control.change({ cipher: "aes-256-gcm" });
  await harness.clock.advance(10_000);
  expect(agent.status()).toMatchObject({ ready: true, dataplane: { overlayMtu: 1440 }, warnings: [] });
  expect(value("FLANNEL_MTU")).toBe("1450");
  rmdirSync(blocked);
  harness.control.put(PEER);
  await harness.clock.advance(1_000);
  expect(value("FLANNEL_MTU")).toBe("1440");
});

it("keeps the file when it stops, for the pods run on, and takes it away when it leaves", async () => {
  const agent = await start();
  await agent.stop();
  expect(existsSync(file())).toBe(true);
  const again = await start();
  await again.leave(false);
  await again.stop();
  expect(existsSync(file())).toBe(false);
});

it("names a new lease, and nothing while another node has the old one", async () => {
  const { control, clock } = harness;
  const agent = await start();
  await agent.addPod({ name: "web" });
  const lost = () => new WarrenError("lease-lost", "10.244.1.0/24 went to node-9");
  const refuse = vi.spyOn(control, "refusal", "get").mockImplementation(lost);
  control.heartbeatError = lost();
  await clock.advance(60_000);
  expect(existsSync(file())).toBe(false);
  expect(agent.headline()).toMatch(/^forwards nothing: .*went to node-9/);
  expect(agent.isAlive()).toBe(true);
  control.put(PEER);
  await clock.advance(1_000);
  expect(existsSync(file())).toBe(false);
  await agent.stop();

  refuse.mockRestore();
  control.refusal = lost();
  control.nextCidrs = ["10.244.7.0/24"];
  await start({ "accept-new-lease": true });
  expect(value("FLANNEL_SUBNET")).toBe("10.244.7.1/24");
});

it("is not alive once its packet path broke", async () => {
  const agent = await start();
  expect(agent.isAlive()).toBe(true);
  harness.dataPlane.break(new Error("the egress worker ended"));
  expect(agent.isAlive()).toBe(false);
  expect(agent.headline()).toBe("failed: the packet path broke: the egress worker ended");
});
