import { WarrenError } from "@warren/common/errors/warren-error.ts";
import { CIPHERS, type Cipher } from "@warren/common/net/cipher.ts";
import type { MeshApi } from "@warren/common/rpc/mesh-api.ts";
import { afterEach, describe, expect, it } from "vitest";
import { converge, statusOf } from "./sim/convergence.ts";
import { Ledger } from "./sim/ledger.ts";
import { OwnershipWatch } from "./sim/ownership.ts";
import { RpcNetwork, STREAM_WINDOW } from "./sim/rpc-network.ts";
import { randomFor, SEED } from "./sim/seed.ts";
import { CALM, SimMesh } from "./sim/sim-mesh.ts";
import { SimProcess, WallClock } from "./sim/sim-process.ts";
import { VirtualTime } from "./sim/virtual-time.ts";

/** The simulator is only worth something if it does what it says, and sees what it should. */
describe("virtual time", () => {
  it("runs events in the order of their time, then of their scheduling, and takes no real time", async () => {
    const time = new VirtualTime();
    const seen: string[] = [];
    time.after(3_600_000, () => seen.push("last"));
    time.after(20, () => seen.push("b"));
    time.after(10, () => {
      seen.push("a");
      time.after(10, () => seen.push("c"));
    });
    time.after(15, () => seen.push("never"))();
    await time.run(24 * 3_600_000);
    expect(seen).toEqual(["a", "b", "c", "last"]);
    expect(time.monotonicMs()).toBe(24 * 3_600_000);
  });

  it("lets everything that can go on go on between two events", async () => {
    const time = new VirtualTime();
    let depth = 0;
    const descend = async (): Promise<void> => {
      for (let i = 0; i < 1_000; i++) depth = await Promise.resolve(i);
    };
    time.after(1, () => void descend());
    let seen = -1;
    time.after(1, () => {
      seen = depth;
    });
    await time.run(1);
    expect(seen).toBe(999);
  });

  it("ends a process with its timers, and not its machine", async () => {
    const time = new VirtualTime();
    const wall = new WallClock();
    const [killed, other] = [new SimProcess(time, wall), new SimProcess(time, wall)];
    const seen: string[] = [];
    killed.after(10, () => seen.push("killed"));
    other.after(10, () => seen.push("other"));
    killed.onEnd(() => seen.push("end"));
    killed.kill();
    killed.after(10, () => seen.push("too late"));
    await time.run(100);
    expect(seen).toEqual(["end", "other"]);
    expect(killed.pendingTimers + other.pendingTimers).toBe(0);
  });
});

describe("the network to the control plane", () => {
  const beat = { epoch: 1, applied_revision: 0, pods: 0 };

  function network(api: Partial<MeshApi>) {
    const time = new VirtualTime();
    const rpc = new RpcNetwork(time, randomFor(SEED, "rpc"), { delayMs: 5, jitterMs: 0 });
    rpc.listen({ as: () => api as MeshApi, enroll: () => Promise.resolve("id") });
    const client = rpc.client("host", "id", new SimProcess(time, new WallClock()));
    return { time, rpc, client };
  }

  it("carries a call there and back, and errors with their code", async () => {
    const { time, client } = network({
      heartbeat: ({ epoch }) =>
        epoch === 1
          ? Promise.resolve({ revision: 7, control_time_ms: 8, report_interval_ms: 0, clone: null })
          : Promise.reject(new WarrenError("lease-lost", "gone")),
    });
    expect(await time.complete("the call", client.heartbeat(beat))).toEqual({
      revision: 7,
      control_time_ms: 8,
      report_interval_ms: 0,
      clone: null,
    });
    expect(time.monotonicMs()).toBe(10);
    await expect(time.complete("the call", client.heartbeat({ ...beat, epoch: 2 }))).rejects.toMatchObject({
      code: "lease-lost",
    });
  });

  it("fails a call at its deadline while it is cut, though the call may still be carried out", async () => {
    let calls = 0;
    const { time, rpc, client } = network({
      heartbeat: () => Promise.resolve({ revision: ++calls, control_time_ms: 0, report_interval_ms: 0 }),
    });
    rpc.cut("host");
    await expect(time.complete("the call", client.heartbeat(beat))).rejects.toMatchObject({ code: "unavailable" });
    expect(time.monotonicMs()).toBe(10_000);
    expect(calls).toBe(0);
    rpc.heal("host");
    await time.run(100);
    expect(calls).toBe(1);
  });

  it("tells who ends a call that it was ended, and not that nobody answers, as a channel does", async () => {
    const { time, client } = network({ heartbeat: () => new Promise(() => {}) });
    const stop = new AbortController();
    const hanging = client.heartbeat(beat, stop.signal);
    await time.run(50);
    stop.abort();
    await expect(time.complete("the call", hanging)).rejects.toBe(stop.signal.reason);
  });

  it("breaks what is open when the control plane goes, and refuses what comes after", async () => {
    const { time, rpc, client } = network({ heartbeat: () => new Promise(() => {}) });
    const hanging = client.heartbeat(beat);
    await time.run(50);
    rpc.unlisten();
    await expect(time.complete("the first", hanging)).rejects.toThrow("connection reset");
    await expect(time.complete("the second", client.heartbeat(beat))).rejects.toThrow("connection refused");
  });

  it("holds a stream back whose reader does not read", async () => {
    let made = 0;
    const { time, client } = network({
      async *watchNetmap() {
        const delta = { cluster: null, changed: [], removed_ids: [] };
        for (;;) yield { revision: ++made, generation: "one", delta };
      },
    });
    const stop = new AbortController();
    const reader = client.watchNetmap({ after_revision: 0, generation: "" }, stop.signal)[Symbol.asyncIterator]();
    const first = reader.next();
    await time.run(60_000);
    expect(((await first).value as { revision: number }).revision).toBe(1);
    expect(made).toBeLessThanOrEqual(STREAM_WINDOW + 2);
    const { length } = [
      await time.complete("the second", reader.next()),
      await time.complete("the third", reader.next()),
    ];
    expect(length).toBe(2);
    stop.abort();
  });
});

describe("the simulator", () => {
  const meshes: SimMesh[] = [];
  afterEach(async () => {
    for (const mesh of meshes.splice(0)) await mesh.close();
  });

  async function start(seed: number, cipher: Cipher = "none"): Promise<SimMesh> {
    const weather = { lossRate: 0.2, duplicateRate: 0.1, delayMs: 2, jitterMs: 20 };
    const settings = { cipher };
    const mesh = await SimMesh.start({ seed, settings, weather, rpcWeather: { delayMs: 2, jitterMs: 40 } });
    meshes.push(mesh);
    return mesh;
  }

  it.each(CIPHERS)("does the same again for the same seed, and something else for another: %s", async (cipher) => {
    const run = async (seed: number): Promise<string[]> => {
      const mesh = await start(seed, cipher);
      const trace: string[] = [];
      mesh.onChange = () => {
        const forwards = [...mesh.nodes.values()].map(
          ({ name, forwardedPrefixes }) => `${name}=${forwardedPrefixes.join()}`,
        );
        trace.push(`${mesh.time.monotonicMs()} ${forwards.join(" ")}`);
      };
      const nodes = await mesh.join("a", "b", "c", "d");
      const ends = [];
      for (const node of nodes) ends.push({ node, address: (await node.addPod("web")).addresses[0]! });
      mesh.node("b").crash();
      await mesh.time.run(40_000);
      const ledger = new Ledger(mesh, randomFor(seed, "packets"));
      for (const from of ends) for (const to of ends) if (from !== to) ledger.sendOne(from, to);
      await mesh.time.run(1_000);
      const { missing } = ledger.settle();
      return [...trace, ...missing, `${mesh.time.events} events`];
    };
    const first = await run(SEED);
    expect(await run(SEED)).toEqual(first);
    expect(await run(SEED + 1)).not.toEqual(first);
  });

  it("notices when two connected nodes forward for one address", async () => {
    const mesh = await start(SEED);
    const [a, b] = await mesh.join("a", "b");
    await mesh.time.until("both are connected", () => [a, b].every((n) => statusOf(n!)?.control.connected), 5_000);
    const watch = new OwnershipWatch(mesh);
    watch.check();
    await b!.plane!.apply({ localPrefixes: a!.forwardedPrefixes, peers: [] });
    expect(() => watch.check()).toThrow(/a has 10\.244\.\d\.0\/24 while b has 10\.244\.\d\.0\/24/);
  });

  it("notices a packet that was changed, and one that came to the wrong pod", async () => {
    const mesh = await start(SEED);
    const [a, b] = await mesh.join("a", "b");
    const from = { node: a!, address: (await a!.addPod("web")).addresses[0]! };
    const to = { node: b!, address: (await b!.addPod("web")).addresses[0]! };
    mesh.setWeather(CALM);
    await converge(mesh, 5_000);
    const ledger = new Ledger(mesh, randomFor(SEED, "packets"));
    ledger.sendOne(from, to);
    ledger.sendOne(from, to);
    await mesh.time.run(10);
    const [first, second] = mesh.arrivals;
    const changed = second!.packet.slice();
    changed[30]! ^= 1;
    mesh.arrivals.splice(0, 2, { ...first!, at: from.address }, { ...second!, packet: changed });
    expect(ledger.settle().missing).toHaveLength(2);
    expect(ledger.faults).toEqual([
      expect.stringContaining(`came out on b at ${from.address}`),
      expect.stringContaining("nobody sent like this"),
    ]);
  });
});
