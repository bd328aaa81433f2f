import { chmodSync, existsSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { callLocal } from "@warren/common/api/local-client.ts";
import type { AgentStatus, NodeInfo, PodInfo, StageCosts } from "@warren/common/api/types.ts";
import { WarrenError } from "@warren/common/errors/warren-error.ts";
import type { RegisterRequest } from "@warren/common/rpc/messages.ts";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { MemoryHostNetwork } from "../host/memory-host-network.ts";
import type { MemoryPodNetwork } from "../pods/memory-pod-network.ts";
import type { FakeControl } from "../testing/fake-control.ts";
import { FakeDataPlane } from "../testing/fake-data-plane.ts";
import { settle, type VirtualClock } from "../testing/virtual-clock.ts";
import type { Agent } from "./agent-app.ts";
import type { AgentConfig } from "./agent-config.ts";
import type { AgentDeps } from "./agent-deps.ts";
import { AgentHarness, PEER as peer } from "./testing/agent-harness.ts";

let harness: AgentHarness;
let dir: string;
let clock: VirtualClock;
let control: FakeControl;
let host: MemoryHostNetwork;
let podNetwork: MemoryPodNetwork;
let locked: Set<string>;

beforeEach(() => {
  harness = new AgentHarness();
  ({ dir, clock, control, host, podNetwork, locked } = harness);
});
afterEach(() => harness.close());

const config = (changes?: Partial<AgentConfig>) => harness.config(changes);
const make = (changes?: Partial<AgentConfig>, deps?: AgentDeps) => harness.make(changes, deps);
const up = (agent: Agent, withinMs?: number) => harness.up(agent, withinMs);

const keyOf = (request: RegisterRequest) => Buffer.from(request.sealing_key).toString("base64");

describe("an agent that starts", () => {
  it("joins, sets the host up and forwards to the peers it hears of", async () => {
    const agent = await up(make());
    expect(harness.dataPlane.options).toMatchObject({ tunName: "warren0", port: 4789, vni: 4096, overlayMtu: 1450 });
    expect(host.plan).toMatchObject({
      nodeAddresses: ["10.244.1.1"],
      podCidrs: ["10.244.1.0/24"],
      overlayPrefixes: ["10.244.0.0/16"],
    });
    control.put(peer);
    control.put({
      ...peer,
      id: "f1",
      name: "vtep",
      foreign: true,
      pod_cidrs: ["10.99.0.0/24"],
      underlay_address: "192.0.2.13",
    });
    await clock.advance(10);
    expect(harness.dataPlane.view).toMatchObject({
      localPrefixes: ["10.244.1.0/24"],
      peers: [
        expect.objectContaining({ nodeId: "node2", underlayAddress: "192.0.2.12", port: 4789 }),
        expect.objectContaining({ nodeId: "f1", prefixes: ["10.99.0.0/24"] }),
      ],
    });
    expect(host.plan?.overlayPrefixes).toEqual(["10.244.0.0/16", "10.99.0.0/24"]);
    control.remove("node2");
    await clock.advance(10);
    expect(harness.dataPlane.view?.peers.map(({ nodeId }) => nodeId)).toEqual(["f1"]);
    expect(agent.status()).toMatchObject({ ready: true, netmap: { source: "control" }, warnings: [] });
  });

  it("registers with a sealing key of its own, and rotates it while it forwards", async () => {
    const agent = await up(make());
    const before = agent.keys();
    expect(keyOf(control.registrations.at(-1)!)).toBe(before.publicKey);
    expect(statSync(join(dir, "data", "sealing-keys.json")).mode & 0o777).toBe(0o600);
    const view = harness.dataPlane.view;
    const after = await agent.rotateKeys({ now: false });
    expect(after).toMatchObject({ epoch: 2, next: null, previous: { publicKey: before.publicKey, epoch: 1 } });
    expect(keyOf(control.registrations.at(-1)!)).toBe(after.publicKey);
    await clock.advance(10);
    expect(agent.status().node.sealing).toMatchObject({ publicKey: after.publicKey, epoch: 2 });
    expect([agent.status().ready, harness.dataPlane.view]).toEqual([true, view]);
    await agent.stop();
    expect((await up(make())).keys().publicKey).toBe(after.publicKey);
  });

  it("keeps a rotation until the control plane answers, and asks it for ciphers of pairs", async () => {
    const agent = await up(make());
    const before = agent.keys().publicKey;
    control.silent = true;
    await expect(agent.rotateKeys({ now: true })).rejects.toThrow(expect.objectContaining({ code: "unavailable" }));
    const { publicKey, next } = agent.keys();
    expect([publicKey, next]).toEqual([before, expect.anything()]);
    control.silent = false;
    await clock.advance(30_000);
    expect(agent.keys()).toMatchObject({ publicKey: next!.publicKey, next: null, previous: null });
    await agent.setPeerCipher("node-2", "aes-256-gcm");
    expect(control.pairCiphers).toEqual([{ peer_name: "node-2", cipher: "aes-256-gcm" }]);
  });

  it("leaves out a node whose entry cannot be used, and keeps the others", async () => {
    await up(make());
    control.put({ ...peer, id: "evil", underlay_address: "192.0.2.66; reboot" });
    control.put({ ...peer, id: "evil2", pod_cidrs: ["10.244.9.0/24 dev eth0"] });
    control.put(peer);
    await clock.advance(10);
    expect(harness.dataPlane.view?.peers.map(({ nodeId }) => nodeId)).toEqual(["node2"]);
  });

  it("needs the token once, and keeps its key to itself", async () => {
    await (await up(make())).stop();
    expect(statSync(join(dir, "data", "identity.json")).mode & 0o777).toBe(0o600);
    expect(statSync(join(dir, "data")).mode & 0o777).toBe(0o700);
    const agent = make();
    const { token: _, ...without } = config();
    await up(harness.makeFrom(without));
    expect(control.enrolments).toBe(1);
    await agent.stop();
  });

  it("says that a token is needed, and refuses a key that others could read", async () => {
    const { token: _, ...without } = config();
    await expect(up(harness.makeFrom(without))).rejects.toMatchObject({
      code: "usage",
      message: expect.stringContaining("--token"),
    });
    await (await up(make())).stop();
    chmodSync(join(dir, "data", "identity.json"), 0o644);
    await expect(up(make())).rejects.toMatchObject({
      code: "key-exposed",
      message: expect.stringContaining("chmod 600"),
    });
  });

  it("waits a little for a control plane that starts at the same time, and not for ever", async () => {
    control.silent = true;
    clock.after(3_000, () => {
      control.silent = false;
    });
    await up(make());
    rmSync(join(dir, "data"), { recursive: true });
    for (const agent of harness.made) await agent.stop();
    control.silent = true;
    await expect(up(make())).rejects.toMatchObject({ code: "unavailable" });
    expect(locked.size).toBe(0);
  });

  it("refuses a second agent on the same data directory and gives everything back when a phase fails", async () => {
    await up(make());
    await expect(make().start()).rejects.toMatchObject({ code: "already-running" });
    await harness.made[0]!.stop();
    await expect(up(make({ underlay: "192.0.2.99" }))).rejects.toMatchObject({ code: "address-not-local" });
    const failing = make(
      {},
      {
        createDataPlane: (options) => {
          const plane = new FakeDataPlane(options);
          plane.startError = new WarrenError("port-in-use", "taken");
          return plane;
        },
      },
    );
    await expect(up(failing)).rejects.toMatchObject({ code: "port-in-use" });
    expect(locked.size).toBe(0);
    expect(control.watchers).toBe(0);
  });

  it("does not need the means that spare memory", async () => {
    const no = () => {
      throw new Error("ENOENT: /proc/self/smaps");
    };
    const agent = await up(make({}, { memory: { limit: no, settle: no } }));
    await clock.advance(10_000);
    expect(agent.status().ready).toBe(true);
  });

  it("refuses an underlay that leaves IPv6 pods too little", async () => {
    control.nextCidrs = ["fd00:77:1::/64"];
    const narrow = new MemoryHostNetwork({ "192.0.2.11": { name: "eth0", mtu: 1300, subnet: "192.0.2.0/24" } });
    await expect(up(make({}, { hostNetwork: narrow }))).rejects.toMatchObject({
      code: "config-invalid",
      message: expect.stringContaining("1330"),
    });
  });

  for (const file of ["identity.json", "netmap.json", "pods.json"])
    it(`refuses a damaged ${file} and does not touch it`, async () => {
      const agent = await up(make());
      await agent.addPod({ name: "web" });
      await agent.stop();
      const path = join(dir, "data", file);
      const damaged = readFileSync(path, "utf8").slice(0, -20);
      writeFileSync(path, damaged);
      await expect(up(make())).rejects.toMatchObject({ code: "state-corrupt" });
      expect(readFileSync(path, "utf8")).toBe(damaged);
    });
});

describe("an agent that is stopped while it starts", () => {
  /** Has the next call of that method wait; returns what lets it go on. */
  const hold = <T extends object>(object: T, method: keyof T & string): (() => void) => {
    const gate = Promise.withResolvers<void>();
    const original = object[method] as (...args: unknown[]) => unknown;
    Object.assign(object, {
      async [method](this: T, ...args: unknown[]) {
        Object.assign(object, { [method]: original });
        await gate.promise;
        return original.apply(this, args);
      },
    });
    return gate.resolve;
  };

  for (const [phase, stopAt] of [
    ["looks at the host", () => hold(host, "underlay")],
    ["guards the pods that run", () => hold(host, "guardFirst")],
    ["opens the packet path", () => hold(FakeDataPlane.prototype, "start")],
    ["sets the host up", () => hold(host, "apply")],
    ["repairs the pods", () => hold(podNetwork, "repair")],
  ] as const)
    it(`while it ${phase}: leaves nothing behind, and is only then stopped`, async () => {
      const before = await up(make());
      await before.addPod({ name: "web" });
      await before.stop();
      const goOn = stopAt();
      const agent = make();
      const started = agent.start();
      started.catch(() => {});
      await settle();
      let isStopped = false;
      const stopped = agent.stop().then(() => {
        isStopped = true;
      });
      await settle();
      expect([isStopped, locked.size]).toEqual([false, 1]);
      goOn();
      await stopped;
      await expect(started).rejects.toMatchObject({ name: "AbortError" });
      expect([locked.size, control.watchers, harness.dataPlane.running, host.plan]).toEqual([0, 0, false, undefined]);
      await up(make());
    });

  it("does not wait for a control plane that does not answer", async () => {
    await (await up(make())).stop();
    const connect = control.connect.bind(control);
    vi.spyOn(control, "connect").mockImplementation(() => ({
      ...connect(),
      register: (_, signal) =>
        new Promise((_resolve, reject) => {
          signal!.addEventListener("abort", () => reject(signal!.reason as Error));
        }),
    }));
    const agent = make();
    const started = agent.start();
    await settle();
    await Promise.all([agent.stop(), expect(started).rejects.toMatchObject({ name: "AbortError" })]);
    expect(locked.size).toBe(0);
  });

  it("does not start at all once it was stopped", async () => {
    const agent = make();
    await agent.stop();
    await expect(agent.start()).rejects.toMatchObject({ name: "AbortError" });
    expect(existsSync(join(dir, "data"))).toBe(false);
  });
});

describe("an agent whose control plane goes away", () => {
  it("forwards on, says how old its knowledge is, and resumes from the revision it has", async () => {
    const agent = await up(make());
    control.put(peer);
    await clock.advance(10);
    control.silent = true;
    control.breakWatches();
    await clock.advance(60_000);
    const status = agent.status();
    expect(status).toMatchObject({ ready: true, control: { connected: false } });
    expect(status.netmap.ageSeconds).toBeGreaterThanOrEqual(59);
    expect(status.warnings).toEqual([expect.stringContaining("the netmap is 60 s old")]);
    expect(harness.dataPlane.view?.peers).toHaveLength(1);

    control.silent = false;
    await clock.advance(20_000);
    expect(agent.status()).toMatchObject({ control: { connected: true, error: null }, warnings: [] });
    const { after_revision, generation } = control.watchedFrom.at(-1)!;
    expect(after_revision).toBeGreaterThan(0);
    expect(generation).toBe("generation1");
    expect(control.registrations.at(-1)).toMatchObject({ held_pod_cidrs: ["10.244.1.0/24"], held_epoch: 1 });
  });

  it("starts from the netmap on disk and forwards, with its pods", async () => {
    const first = await up(make());
    control.put(peer);
    await clock.advance(2_000);
    const web = await first.addPod({ name: "web" });
    await first.stop();
    expect(podNetwork.made.size).toBe(1);

    control.silent = true;
    await clock.advance(600_000);
    const second = await up(make());
    expect(second.status()).toMatchObject({
      ready: true,
      pods: 1,
      netmap: { source: "disk" },
      control: { connected: false },
    });
    expect(second.status().netmap.ageSeconds).toBeGreaterThanOrEqual(600);
    expect(harness.dataPlane.view?.peers).toHaveLength(1);
    expect(second.listPods()).toEqual([web]);
    expect((await second.addPod({ name: "db" })).addresses).toEqual(["10.244.1.3"]);
  });

  it("asks for a snapshot when its revision is no longer kept", async () => {
    await up(make());
    control.compactedBelow = 1_000;
    control.revision = 1_000;
    control.breakWatches();
    await clock.advance(60_000);
    expect(control.watchedFrom.at(-1)?.after_revision).toBe(0);
    control.put(peer);
    await clock.advance(10);
    expect(harness.dataPlane.view?.peers).toHaveLength(1);
  });
});

describe("an agent whose lease was given away", () => {
  const lost = () => new WarrenError("lease-lost", "10.244.1.0/24 went to node-9");

  it("takes a new one when no pod would lose its address", async () => {
    const agent = await up(make());
    control.nextCidrs = ["10.244.7.0/24"];
    control.refusal = lost();
    control.heartbeatError = lost();
    await clock.advance(60_000);
    expect(agent.status()).toMatchObject({ ready: true, node: { podCidrs: ["10.244.7.0/24"], epoch: 2 } });
    expect(harness.dataPlane.view?.localPrefixes).toEqual(["10.244.7.0/24"]);
    expect(host.plan?.nodeAddresses).toEqual(["10.244.7.1"]);
  });

  it("with pods: stops forwarding, tells why, and does not give them other addresses by itself", async () => {
    const agent = await up(make());
    control.put(peer);
    await agent.addPod({ name: "web" });
    const refuse = vi.spyOn(control, "refusal", "get").mockImplementation(lost);
    control.heartbeatError = lost();
    await clock.advance(60_000);
    expect(agent.status()).toMatchObject({ ready: false, node: { podCidrs: ["10.244.1.0/24"] } });
    expect(agent.status().warnings[0]).toMatch(/went to node-9.*--accept-new-lease/);
    expect(harness.dataPlane.view).toEqual({ localPrefixes: [], peers: [] });
    await expect(agent.addPod({ name: "db" })).rejects.toMatchObject({ code: "lease-lost" });
    await agent.stop();
    await expect(up(make())).rejects.toMatchObject({
      code: "lease-lost",
      message: expect.stringContaining("--accept-new-lease"),
    });

    refuse.mockRestore();
    control.refusal = lost();
    control.nextCidrs = ["10.244.7.0/24"];
    const asked = await up(make({ "accept-new-lease": true }));
    expect(asked.listPods().map(({ addresses }) => addresses)).toEqual([["10.244.7.2"]]);
  });

  it("does not go on with the old one when the pools have no other", async () => {
    const exhausted = () => new WarrenError("pool-exhausted", "no pod CIDR is free");
    const agent = await up(make());
    control.put(peer);
    const refuse = vi.spyOn(control, "refusal", "get").mockImplementation(exhausted);
    control.heartbeatError = lost();
    await clock.advance(60_000);
    expect(agent.status()).toMatchObject({ ready: false, warnings: [expect.stringContaining("no pod CIDR is free")] });
    expect(harness.dataPlane.view).toEqual({ localPrefixes: [], peers: [] });
    await agent.stop();
    await expect(up(make())).rejects.toMatchObject({ code: "pool-exhausted" });
    refuse.mockRestore();
    await up(make());
  });

  it("ends to forward when it was revoked", async () => {
    const agent = await up(make());
    control.put(peer);
    control.heartbeatError = new WarrenError("node-revoked", "node-1 was revoked");
    vi.spyOn(control, "refusal", "get").mockImplementation(() => new WarrenError("node-revoked", "node-1 was revoked"));
    await clock.advance(10_000);
    expect(agent.status()).toMatchObject({ ready: false, warnings: [expect.stringContaining("revoked")] });
    expect(harness.dataPlane.view?.peers).toEqual([]);
  });
});

describe("a running agent", () => {
  it("renews its certificate between 50 and 80 % of its life and goes on with the new one", async () => {
    const agent = await up(make());
    const before = Date.parse(agent.status().certificateExpires);
    await clock.advance(0.64 * control.lifetimeMs);
    expect(control.renewals).toBe(0);
    await clock.advance(0.02 * control.lifetimeMs);
    expect(control.renewals).toBe(1);
    expect(Date.parse(agent.status().certificateExpires)).toBeGreaterThan(before);
    expect(agent.status().control.connected).toBe(true);
  });

  it("does not ask for a token where its certificate is over by a wrong clock only, and renews by the right one", async () => {
    await (await up(make())).stop();
    await clock.advance(3 * control.lifetimeMs);
    control.clockOff = 3 * control.lifetimeMs;
    const heartbeatOff = control.clockOff;
    const connect = control.connect.bind(control);
    vi.spyOn(control, "connect").mockImplementation(() => ({
      ...connect(),
      heartbeat: async () => ({
        ...{ revision: 1, report_interval_ms: 0, control_time_ms: clock.nowMs() - heartbeatOff },
      }),
    }));
    const agent = await up(make());
    expect(agent.status()).toMatchObject({
      ready: true,
      warnings: [expect.stringMatching(/^the clock of this host is 3 d ahead of the control plane's; set it/)],
    });
    expect([control.enrolments, control.renewals]).toEqual([1, 0]);
    control.clockOff = 0;
    await expect(up(make({ "data-dir": `${dir}/other`, token: undefined }))).rejects.toMatchObject({ code: "usage" });
  });

  it("is not shut out by a clock that is ahead while nobody says what time it is", async () => {
    await (await up(make())).stop();
    await clock.advance(3 * control.lifetimeMs);
    control.silent = true;
    await expect(up(make({ token: undefined }))).rejects.toMatchObject({
      code: "unavailable",
      message: expect.stringMatching(/expired on .* if the clock of this host is right/),
    });
    control.silent = false;
    await expect(up(make({ token: undefined }))).rejects.toMatchObject({ code: "unauthenticated" });
  });

  it("says when its clock is off", async () => {
    const agent = await up(make());
    const connect = control.connect.bind(control);
    vi.spyOn(control, "connect").mockImplementation(() => ({
      ...connect(),
      heartbeat: async () => ({ revision: 1, control_time_ms: clock.nowMs() + 120_000, report_interval_ms: 0 }),
    }));
    control.breakWatches();
    await clock.advance(20_000);
    // The client is kept over a break; a renewed certificate makes a new one.
    await clock.advance(0.7 * control.lifetimeMs);
    expect(agent.status().warnings).toEqual([expect.stringContaining("2 min behind the control plane's")]);
  });

  it("refuses to leave while it has pods, then leaves and ends", async () => {
    const agent = await up(make());
    await agent.addPod({ name: "web" });
    await expect(agent.leave(true)).rejects.toMatchObject({ code: "pods-present" });
    await agent.deletePod("default", "web");
    const heartbeats = control.heartbeats;
    await agent.leave(true);
    await agent.ended;
    expect(control.left).toBe(true);
    await clock.advance(60_000);
    expect(control.heartbeats).toBe(heartbeats);
    expect(existsSync(join(dir, "data", "netmap.json"))).toBe(false);
  });

  it("does not leave before its start is over, which would fail and be tried again", async () => {
    const begin = Promise.withResolvers<void>();
    const client = control.connect();
    vi.spyOn(control, "connect").mockReturnValue({
      ...client,
      async *watchNetmap(request, signal) {
        await begin.promise;
        yield* client.watchNetmap(request, signal);
      },
    });
    const agent = make();
    const started = agent.start();
    await settle();
    await expect(agent.leave(true)).rejects.toMatchObject({ code: "not-ready" });
    begin.resolve();
    await started;
    await agent.leave(true);
    expect(control.left).toBe(true);
  });

  it("takes no pod in while it leaves, nor after", async () => {
    const agent = await up(make());
    const left = agent.leave(true);
    await expect(agent.addPod({ name: "web" })).rejects.toMatchObject({ code: "not-ready" });
    await left;
    await expect(agent.addPod({ name: "web" })).rejects.toMatchObject({ code: "not-ready" });
    expect(podNetwork.made.size).toBe(0);
  });

  it("stays in the mesh when the control plane did not take its leave", async () => {
    const agent = await up(make());
    control.silent = true;
    await expect(agent.leave(false)).rejects.toMatchObject({ code: "unavailable" });
    await expect(agent.addPod({ name: "web" })).resolves.toBeDefined();
    control.silent = false;
    await clock.advance(30_000);
    expect(agent.status().control.connected).toBe(true);
  });

  it("ends with the error when the packet path breaks", async () => {
    const agent = await up(make());
    harness.dataPlane.break(new Error("worker ended"));
    await expect(agent.ended).rejects.toThrow("worker ended");
    expect(agent.status()).toMatchObject({ ready: false, warnings: [expect.stringContaining("worker ended")] });
  });

  it("leaves its pods alone when it stops, and stops twice without harm", async () => {
    const agent = await up(make());
    await agent.addPod({ name: "web" });
    await agent.stop();
    await agent.stop();
    expect(podNetwork.made.size).toBe(1);
    expect(harness.dataPlane.running).toBe(false);
    expect(host.plan).toBeUndefined();
    expect(locked.size).toBe(0);
  });

  it("takes the host down last: neither a repair, nor a pod, nor a netmap under way puts anything back", async () => {
    const order: string[] = [];
    const agent = await up(make());
    const repair = Promise.withResolvers<string[]>();
    vi.spyOn(host, "repair").mockImplementation(() => repair.promise.finally(() => order.push("repaired")));
    await clock.advance(31_000);
    const made = Promise.withResolvers<void>();
    const makePod = podNetwork.make.bind(podNetwork);
    vi.spyOn(podNetwork, "make").mockImplementation(async (wiring) => {
      await made.promise;
      order.push("made");
      await makePod(wiring);
    });
    const clean = host.clean.bind(host);
    vi.spyOn(host, "clean").mockImplementation(async () => {
      order.push(`cleaned, ${control.watchers} watches`);
      await clean();
    });
    const added = agent.addPod({ name: "web" });
    await settle();
    const stopped = agent.stop();
    await settle();
    expect(order).toEqual([]);
    repair.resolve([]);
    made.resolve();
    await Promise.all([added, stopped]);
    expect(order).toEqual(["repaired", "made", "cleaned, 0 watches"]);
    expect(locked.size).toBe(0);
  });

  it("tells why it could not start, also when undoing the start fails", async () => {
    vi.spyOn(host, "apply").mockRejectedValue(new WarrenError("already-exists", "a route is in the way"));
    vi.spyOn(host, "clean").mockRejectedValue(new WarrenError("tool-failed", "ip: no"));
    await expect(up(make())).rejects.toMatchObject({ code: "already-exists" });
    expect(locked.size).toBe(0);
  });

  it("serves its local API", async () => {
    const agent = await up(make({}, { localApi: true }));
    control.put(peer);
    await clock.advance(10);
    const socket = join(dir, "run", "agent.sock");
    expect(statSync(socket).mode & 0o777).toBe(0o600);
    expect(statSync(join(dir, "run")).mode & 0o777).toBe(0o750);
    const web = await callLocal<PodInfo>(socket, "POST", "/v1/pods", { name: "web" });
    expect(await callLocal<AgentStatus>(socket, "GET", "/v1/status")).toMatchObject({
      role: "agent",
      ready: true,
      pods: 1,
    });
    expect((await callLocal<NodeInfo[]>(socket, "GET", "/v1/nodes")).map(({ name }) => name)).toEqual([
      "node-1",
      "node-2",
    ]);
    expect(await callLocal(socket, "GET", "/v1/peers")).toMatchObject([{ name: "node-2", port: 4789, txPackets: 0 }]);
    expect(await callLocal(socket, "GET", "/v1/ipam")).toMatchObject({
      node: "node-1",
      leases: [{ cidr: "10.244.1.0/24", nodeAddress: "10.244.1.1", capacity: 253, used: 1 }],
      addresses: [{ address: "10.244.1.2", namespace: "default", pod: "web" }],
    });
    await expect(callLocal(socket, "POST", "/v1/pods", { name: "web" })).rejects.toMatchObject({ code: "pod-exists" });
    await expect(callLocal(socket, "POST", "/v1/leave", { release: 1 })).rejects.toMatchObject({ code: "usage" });
    for (const seconds of [0, 61, 1.5, "5"])
      await expect(callLocal(socket, "POST", "/v1/stages", { seconds })).rejects.toMatchObject({ code: "usage" });
    const costs = callLocal<StageCosts>(socket, "POST", "/v1/stages", { seconds: 2 });
    while (!harness.dataPlane.timing) await clock.advance(0);
    await expect(callLocal(socket, "POST", "/v1/stages")).rejects.toMatchObject({ code: "busy" });
    await clock.advance(2_000);
    expect(await costs).toMatchObject({ seconds: 2, egress: { packets: 0 }, workers: [{ accounted: null }] });
    const caller = new AbortController();
    const given = callLocal(socket, "POST", "/v1/stages", {}, caller.signal);
    while (!harness.dataPlane.timing) await clock.advance(0);
    caller.abort();
    await expect(given).rejects.toMatchObject({ name: "AbortError" });
    while (harness.dataPlane.timing) await clock.advance(0);
    expect(await callLocal(socket, "DELETE", "/v1/pods/default/web")).toEqual(web);
    void agent.ended.then(() => agent.stop());
    expect(await callLocal(socket, "POST", "/v1/leave", { release: false })).toEqual({});
    await agent.ended;
    await agent.stop();
    expect(existsSync(socket)).toBe(false);
  });
});
