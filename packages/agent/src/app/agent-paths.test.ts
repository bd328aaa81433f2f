import { WarrenError } from "@warren/common/errors/warren-error.ts";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { MemoryHostNetwork } from "../host/memory-host-network.ts";
import type { FakeControl } from "../testing/fake-control.ts";
import { FakeDataPlane } from "../testing/fake-data-plane.ts";
import { settle, type VirtualClock } from "../testing/virtual-clock.ts";
import type { Agent } from "./agent-app.ts";
import type { AgentConfig } from "./agent-config.ts";
import type { AgentDeps } from "./agent-deps.ts";
import { AgentHarness, PEER as peer } from "./testing/agent-harness.ts";

let harness: AgentHarness;
let clock: VirtualClock;
let control: FakeControl;
let host: MemoryHostNetwork;

beforeEach(() => {
  harness = new AgentHarness();
  ({ clock, control, host } = harness);
});
afterEach(() => harness.close());

const make = (changes?: Partial<AgentConfig>, deps?: AgentDeps) => harness.make(changes, deps);
const up = (agent: Agent, withinMs?: number) => harness.up(agent, withinMs);

describe("an agent that is told to change its packet path", () => {
  const kinds: string[] = [];
  const planes = new Map<string, FakeDataPlane>();
  const two: AgentDeps = {
    createDataPlane: (options, kind) => {
      kinds.push(kind);
      const plane = new FakeDataPlane(options);
      planes.set(kind, plane);
      return plane;
    },
  };
  beforeEach(() => {
    kinds.splice(0);
    planes.clear();
  });

  it("does it with the same netmap, and routes as the new one needs them", async () => {
    const agent = await up(make({}, two));
    control.put(peer);
    await clock.advance(10);
    expect(host.plan).toMatchObject({ routeOverlay: true, catchOverlay: false });
    expect(await agent.changeDataplane("kernel")).toEqual({ dataplane: "kernel", configured: "tun" });
    expect(host.plan).toMatchObject({ routeOverlay: false, catchOverlay: true });
    expect(planes.get("tun")!.running).toBe(false);
    expect(planes.get("kernel")!.view!.peers.map(({ nodeId }) => nodeId)).toEqual(["node2"]);
    control.remove("node2");
    await clock.advance(10);
    expect(planes.get("kernel")!.view!.peers).toEqual([]);
    expect(agent.status().ready).toBe(true);
  });

  it("leaves one that cannot seal before anything of a sealed cluster is sent, with the keys of that moment", async () => {
    const agent = await up(make({ dataplane: "kernel" }, two));
    control.put(peer);
    await clock.advance(10);
    const kernel = planes.get("kernel")!;
    expect(kernel.view!.peers).toHaveLength(1);
    const keys = await agent.rotateKeys({ now: true });
    // The answer to a registration may tell of the cipher before the netmap does.
    Object.assign(control.cluster, { cipher: "aes-256-gcm" });
    await agent.rotateKeys({ now: true });
    expect([kernel.running, kernel.view!.peers]).toEqual([false, []]);
    const tun = planes.get("tun")!;
    expect([agent.dataplane().dataplane, tun.running, tun.view!.peers.length]).toEqual(["tun", true, 1]);
    expect(tun.options.sealing!.keys().current.epoch).toBe(keys.epoch + 1);
    expect(host.plan).toMatchObject({ routeOverlay: true, catchOverlay: true });
  });

  it("goes by the settings that it registered with, whatever the netmap of its disk says", async () => {
    control.change({ cipher: "aes-256-gcm" });
    const before = await up(make());
    await before.stop();
    control.change({ cipher: "none" });
    kinds.splice(0);
    const views: unknown[] = [];
    const agent = make(
      { dataplane: "kernel" },
      {
        createDataPlane: (options, kind) => {
          const plane = two.createDataPlane!(options, kind, host.overlayGuard) as FakeDataPlane;
          const apply = plane.apply.bind(plane);
          plane.apply = async (view) => {
            views.push(view.framing);
            await apply(view);
          };
          return plane;
        },
      },
    );
    await up(agent);
    expect(kinds).toEqual(["kernel"]);
    expect(views).not.toContain("sealed");
    expect(agent.status().cluster.cipher).toBe("none");
  });

  it("refuses one that cannot seal also where the cluster became sealed while it looked at the host", async () => {
    const agent = await up(make({}, two));
    vi.spyOn(host, "preflight").mockImplementation(async () => {
      control.change({ cipher: "aes-256-gcm" });
      await settle();
    });
    await expect(agent.changeDataplane("kernel")).rejects.toMatchObject({ code: "config-invalid" });
    expect([agent.dataplane().dataplane, kinds]).toEqual(["tun", ["tun"]]);
  });

  it("stays as it was when the new one cannot start", async () => {
    const agent = await up(
      make(
        {},
        {
          createDataPlane: (options, kind) => {
            const plane = new FakeDataPlane(options);
            if (kind === "kernel") plane.startError = new WarrenError("port-in-use", "taken");
            return plane;
          },
        },
      ),
    );
    await expect(agent.changeDataplane("kernel")).rejects.toMatchObject({ code: "port-in-use" });
    expect(agent.dataplane()).toEqual({ dataplane: "tun", configured: "tun" });
    expect(host.plan).toMatchObject({ routeOverlay: true, catchOverlay: false });
    expect(agent.status().ready).toBe(true);
  });

  it("does not send in the clear what the cluster seals", async () => {
    Object.assign(control.cluster, { cipher: "aes-256-gcm" });
    await expect(up(make({ dataplane: "kernel" }, two))).rejects.toMatchObject({ code: "config-invalid" });
    expect(kinds).toEqual([]);
  });
});

describe("an agent of a cluster with plain routes", () => {
  const path = { prefix: "10.244.2.0/24", underlay: "192.0.2.12", onLink: true };
  const direct = async (): Promise<Agent> => {
    control.change({ encapsulation: "cross-subnet" });
    const agent = await up(make());
    control.put(peer);
    await clock.advance(2_010);
    expect(host.plan).toMatchObject({ plainPaths: [path], plainSources: ["10.244.2.0/24"], underlay: "eth0" });
    return agent;
  };

  it("follows a change of the mode: accepts first and sends then, and the other way round", async () => {
    const agent = await up(make());
    control.put(peer);
    await clock.advance(10);
    expect(host.plan).toMatchObject({ plainPaths: [], plainSources: [] });
    control.change({ encapsulation: "cross-subnet" });
    await clock.advance(10);
    expect(host.plan).toMatchObject({ plainPaths: [], plainSources: ["10.244.2.0/24"] });
    expect(agent.status().cluster.encapsulation).toBe("cross-subnet");
    await clock.advance(2_000);
    expect(host.plan).toMatchObject({ plainPaths: [path], plainSources: ["10.244.2.0/24"] });
    // The packet path keeps the peer: it accepts what still comes through the tunnel.
    expect(harness.dataPlane.view?.peers).toHaveLength(1);
    control.change({ encapsulation: "always" });
    await clock.advance(10);
    expect(host.plan).toMatchObject({ plainPaths: [], plainSources: ["10.244.2.0/24"] });
    await clock.advance(2_000);
    expect(host.plan).toMatchObject({ plainPaths: [], plainSources: [] });
  });

  it("lays none, and accepts nothing plain, from the moment that the cluster is sealed", async () => {
    await direct();
    control.change({ cipher: "aes-256-gcm" });
    await clock.advance(1);
    expect(host.plan).toMatchObject({ plainPaths: [], plainSources: [] });
  });

  it("closes its packet path when it cannot seal by the time that the cluster does, and goes on when it can", async () => {
    const agent = await up(make());
    control.put(peer);
    await clock.advance(10);
    const { dataPlane } = harness;
    expect(dataPlane.view?.peers).toHaveLength(1);
    const apply = vi.spyOn(dataPlane, "apply").mockImplementation(async (view) => {
      if (view.accepts?.includes("sealed")) throw new WarrenError("port-in-use", "taken");
      dataPlane.view = view;
    });
    // Nobody is there to hear that it failed.
    control.change({ cipher: "aes-256-gcm" });
    await clock.advance(10);
    control.refusal = new WarrenError("unavailable", "gone");
    await clock.advance(2_000);
    expect(dataPlane.view).toEqual({ localPrefixes: [], peers: [] });
    expect(agent.status().warnings).toContainEqual(expect.stringMatching(/not as the cluster asks, .*: taken/));
    apply.mockRestore();
    await clock.advance(20_000);
    expect(dataPlane.view).toMatchObject({ framing: "sealed", accepts: ["sealed"] });
    expect(agent.status().warnings.join()).not.toContain("taken");
  });

  it("accepts nothing plain from a node that is gone", async () => {
    await direct();
    control.remove(peer.id);
    await clock.advance(1);
    expect(host.plan).toMatchObject({ plainPaths: [], plainSources: [] });
  });

  it("sends nothing by a plain route when its lease is lost", async () => {
    const agent = await direct();
    vi.spyOn(control, "refusal", "get").mockImplementation(() => new WarrenError("node-revoked", "node-1 was revoked"));
    control.heartbeatError = new WarrenError("node-revoked", "node-1 was revoked");
    await clock.advance(10_000);
    expect(agent.status().ready).toBe(false);
    expect(host.plan).toMatchObject({ plainPaths: [], plainSources: [] });
  });

  it("tries again when a step of the change fails, and leaves no step behind when it stops", async () => {
    const agent = await up(make());
    control.put(peer);
    await clock.advance(10);
    control.change({ encapsulation: "cross-subnet" });
    await clock.advance(10);
    const apply = vi.spyOn(host, "apply").mockRejectedValueOnce(new WarrenError("tool-failed", "ip: busy"));
    await clock.advance(2_000);
    expect([apply.mock.calls.length, host.plan?.plainPaths]).toEqual([1, []]);
    await clock.advance(5_000);
    expect(host.plan?.plainPaths).toEqual([path]);
    control.change({ encapsulation: "always" });
    await clock.advance(10);
    const calls = apply.mock.calls.length;
    await agent.stop();
    await clock.advance(60_000);
    expect(apply.mock.calls.length).toBe(calls);
  });
});
