import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { WarrenError } from "@warren/common/errors/warren-error.ts";
import { systemClock } from "@warren/common/runtime/clock.ts";
import type { StateFile } from "@warren/common/runtime/state-file.ts";
import fc from "fast-check";
import { pino } from "pino";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { MemoryPodNetwork } from "./memory-pod-network.ts";
import { PodSet, type PodSource } from "./pod-set.ts";
import { type PodsState, podsFile } from "./pod-state.ts";

let dataDir: string;
let network: MemoryPodNetwork;
let guarded: readonly PodSource[];

beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), "warren-pods-"));
  network = new MemoryPodNetwork();
  guarded = [];
});
afterEach(() => rmSync(dataDir, { recursive: true, force: true }));

/** A start of the agent over what the last one left on disk and in the network. */
function open(cidrs = ["10.244.1.0/29", "fd00:77:1::/64"], file: StateFile<PodsState> = podsFile(dataDir)): PodSet {
  const pods = new PodSet({
    ...{ node: "node-1", dataDir, file, network, clock: systemClock, logger: pino({ level: "silent" }) },
    guard: async (sources) => {
      guarded = sources;
    },
  });
  pods.use({ cidrs, mtu: 1450, gsoMaxSegments: 44 });
  return pods;
}

/** A disk on which writing number `n` (from 0), and all after it, do not happen: the process is killed before it. */
class Killed extends Error {}
function killedBefore(n: number): StateFile<PodsState> {
  const file = podsFile(dataDir);
  let written = 0;
  return {
    read: () => file.read(),
    write(state: PodsState) {
      if (written++ >= n) throw new Killed();
      file.write(state);
    },
  } as StateFile<PodsState>;
}

describe("pods", () => {
  it("gets one address of each family, from the second on, and tells the packet filter", async () => {
    const pods = open();
    const web = await pods.add({ name: "web", labels: { app: "web" } });
    expect(web).toMatchObject({
      name: "web",
      namespace: "default",
      labels: { app: "web" },
      addresses: ["10.244.1.2", "fd00:77:1::2"],
      netns: "/run/netns/wrn-node-1-default-web",
      process: null,
    });
    expect(guarded).toEqual([{ hostInterface: web.hostInterface, addresses: web.addresses }]);
    expect([...network.made.values()][0]).toMatchObject({ addresses: web.addresses, mtu: 1450 });
  });

  it("does not give an address again before all others were used", async () => {
    const pods = open(["10.244.1.0/29"]);
    const first = await pods.add({ name: "a" });
    await pods.delete("default", "a");
    const rest: string[] = [];
    for (const name of ["b", "c", "d", "e"]) rest.push(...(await pods.add({ name })).addresses);
    expect(first.addresses).toEqual(["10.244.1.2"]);
    expect(rest).toEqual(["10.244.1.3", "10.244.1.4", "10.244.1.5", "10.244.1.6"]);
    expect((await pods.add({ name: "f" })).addresses).toEqual(["10.244.1.2"]);
    await expect(pods.add({ name: "g" })).rejects.toMatchObject({ code: "addresses-exhausted" });
    expect(pods.size).toBe(5);
  });

  it("refuses a second pod of the same name, also when both are asked for at once", async () => {
    const pods = open();
    const results = await Promise.allSettled([pods.add({ name: "web" }), pods.add({ name: "web" })]);
    expect(results.map((result) => result.status).sort()).toEqual(["fulfilled", "rejected"]);
    await expect(pods.add({ name: "web" })).rejects.toMatchObject({ code: "pod-exists" });
    await expect(pods.add({ name: "web", namespace: "other" })).resolves.toBeDefined();
    expect(pods.size).toBe(2);
  });

  it("refuses names that lead out of a directory, unknown fields and wrong types", async () => {
    const pods = open();
    for (const name of ["../x", "", ".", "a/b", "A", "-rf", "a b", "x".repeat(64), "a\nb"])
      await expect(pods.add({ name })).rejects.toMatchObject({ code: "name-invalid" });
    for (const bad of [
      { name: "a", address: "10.244.1.9" },
      { name: 7 },
      null,
      { name: "a", command: "ls" },
      { name: "a", command: { 0: "ls" } },
      { name: "a", command: ["--help"] },
    ])
      await expect(pods.add(bad as never)).rejects.toMatchObject({ code: "usage" });
    expect(pods.size).toBe(0);
  });

  it("leaves nothing of a pod whose network cannot be made", async () => {
    const pods = open();
    network.make = async () => {
      throw new WarrenError("tool-failed", "ip: no");
    };
    await expect(pods.add({ name: "web" })).rejects.toMatchObject({ code: "tool-failed" });
    expect(pods.list()).toEqual([]);
    expect(guarded).toEqual([]);
  });

  it("knows its pods and their processes after a restart", async () => {
    const web = await open().add({ name: "web", command: ["sleep", "9"] });
    expect(web.process).toMatchObject({ command: ["sleep", "9"], running: true, exit: null });
    const again = open();
    await again.reconcile();
    expect(again.list()).toEqual([web]);
    expect(guarded).toHaveLength(1);
    network.processes.clear();
    expect(again.list()[0]?.process).toMatchObject({ running: false, exit: null });
  });

  it("records how a command ended", async () => {
    const pods = open();
    const web = await pods.add({ name: "web", command: ["true"] });
    network.processes.get(web.process!.pid)!.end(0);
    network.processes.clear();
    await expect.poll(() => open().list()[0]?.process).toMatchObject({ running: false, exit: 0 });
  });

  it("makes a pod again, with the same addresses, when a reboot took its namespace", async () => {
    const web = await open().add({ name: "web" });
    network.made.clear();
    const again = open();
    await again.reconcile();
    expect([...network.made.values()][0]?.addresses).toEqual(web.addresses);
  });

  it("refuses a damaged file instead of starting from nothing", async () => {
    await open().add({ name: "web" });
    writeFileSync(join(dataDir, "pods.json"), "{}");
    expect(() => open()).toThrow(expect.objectContaining({ code: "state-corrupt" }));
  });

  it("tells which pods a new lease would cut off, and gives them new addresses when asked", async () => {
    const pods = open(["10.244.1.0/24"]);
    await pods.add({ name: "web", command: ["sleep", "9"] });
    expect(pods.strangers(["10.244.1.0/24"])).toEqual([]);
    const [web] = pods.strangers(["10.244.2.0/24"]);
    pods.use({ cidrs: ["10.244.2.0/24"], mtu: 1450, gsoMaxSegments: 44 });
    expect(await pods.readdress(web!)).toMatchObject({ addresses: ["10.244.2.2"], process: { running: true } });
    expect(pods.strangers(["10.244.2.0/24"])).toEqual([]);
  });

  it("does not lose a pod that is given new addresses, wherever it is killed, nor bring one back", async () => {
    for (let killAt = 0; killAt < 3; killAt++) {
      rmSync(join(dataDir, "pods.json"), { force: true });
      network = new MemoryPodNetwork();
      await open(["10.244.1.0/24"]).add({ name: "web", labels: { app: "web" }, command: ["sleep", "9"] });
      const pods = open(["10.244.2.0/24"], killedBefore(killAt));
      const [web] = pods.strangers(["10.244.2.0/24"]);
      await pods.readdress(web!).catch(() => {});
      const restarted = open(["10.244.2.0/24"]);
      await restarted.reconcile();
      const [found] = restarted.list();
      expect(found).toMatchObject({ name: "web", labels: { app: "web" }, process: { command: ["sleep", "9"] } });
      expect([...network.made.values()].map((pod) => pod.addresses)).toEqual([found?.addresses]);
    }
    const pods = open(["10.244.3.0/24"]);
    const [web] = pods.strangers(["10.244.3.0/24"]);
    const [, renewed] = await Promise.all([pods.delete("default", "web"), pods.readdress(web!)]);
    expect([renewed, pods.size]).toEqual([null, 0]);
  });

  it("ends every program in a pod gently, also in one that was made without", async () => {
    const pods = open();
    await pods.add({ name: "idle" });
    const remove = vi.spyOn(network, "remove");
    await pods.delete("default", "idle");
    expect(remove).toHaveBeenCalledWith(expect.anything(), 3_000);
  });

  it("repairs the others when one resists, and keeps its addresses", async () => {
    const first = open(["10.244.1.0/29"]);
    const stuck = await first.add({ name: "stuck" });
    const web = await first.add({ name: "web" });
    network.made.clear();
    const repair = network.repair.bind(network);
    vi.spyOn(network, "repair").mockImplementation((wiring) => {
      if (wiring.netns.endsWith("stuck")) throw new WarrenError("timeout", "processes 7 in the pod do not end");
      return repair(wiring);
    });
    const again = open(["10.244.1.0/29"]);
    await again.reconcile();
    expect([...network.made.values()].map((pod) => pod.addresses)).toEqual([web.addresses]);
    expect(again.list().map((pod) => pod.addresses)).toEqual([stuck.addresses, web.addresses]);
  });

  it("never gives an address twice and never loses a pod, wherever it is killed", async () => {
    type Step = { op: "add" | "delete"; name: string; killAt: number };
    const step: fc.Arbitrary<Step> = fc.record({
      op: fc.constantFrom("add", "delete"),
      name: fc.constantFrom("a", "b", "c", "d"),
      killAt: fc.nat(4),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
        rmSync(join(dataDir, "pods.json"), { force: true });
        network = new MemoryPodNetwork();
        const confirmed = new Map<string, readonly string[]>();
        for (const { op, name, killAt } of steps) {
          const pods = open(undefined, killedBefore(killAt));
          try {
            if (op === "add") confirmed.set(name, (await pods.add({ name })).addresses);
            else {
              await pods.delete("default", name);
              confirmed.delete(name);
            }
          } catch (error) {
            if (error instanceof WarrenError && error.code !== "internal") {
              expect(["pod-exists", "not-found", "addresses-exhausted"]).toContain(error.code);
            } else if (op === "delete") {
              // The caller was not told how it ended: either is right.
              confirmed.delete(name);
            }
          }
          const restarted = open();
          await restarted.reconcile();
          const listed = new Map(restarted.list().map((pod) => [pod.name, pod.addresses]));
          for (const [pod, addresses] of confirmed) expect(listed.get(pod)).toEqual(addresses);
          const all = [...listed.values()].flat();
          expect(new Set(all).size).toBe(all.length);
          // What runs is what is known: nothing half made is left. The memory network refuses a shared address itself.
          expect([...network.made.values()].flatMap((pod) => pod.addresses).sort()).toEqual(all.sort());
          if (op === "delete") for (const [pod, addresses] of listed) confirmed.set(pod, addresses);
        }
      }),
      { numRuns: 60 },
    );
  });
});
