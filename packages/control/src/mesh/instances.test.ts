import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type HarnessNode, MeshHarness } from "./testing/mesh-harness.ts";

const LIVENESS_MS = 15_000;
const inUse = { code: "identity-in-use" };

describe("one identity, two agents", () => {
  let mesh: MeshHarness;
  let first: HarnessNode;
  let copy: HarnessNode;

  beforeEach(async () => {
    mesh = await MeshHarness.start();
    first = (await mesh.node("web-1", "192.0.2.11")).twin("run-1", "alpha");
    await first.register();
    copy = first.twin("run-2", "beta", "192.0.2.12");
  });
  afterEach(() => mesh.stop());

  it("refuses the second, naming both and what to do, and changes nothing", async () => {
    await mesh.clock.advance(10_000);
    await expect(copy.register()).rejects.toMatchObject(inUse);
    await expect(copy.register()).rejects.toThrow(
      /node web-1 \(\w+\) is in use: host alpha at 192\.0\.2\.11 has it, so host beta at 192\.0\.2\.12 cannot.*remove its state directory.*new token/s,
    );
    expect(mesh.core.context.view.nodes.get(first.id)).toMatchObject({ underlayAddress: "192.0.2.11" });
  });

  it("takes no heartbeat, no watch and no leave of the second for the node's", async () => {
    await expect(copy.register()).rejects.toMatchObject(inUse);
    await mesh.clock.advance(10_000);
    await expect(copy.heartbeat()).rejects.toMatchObject(inUse);
    await expect(copy.watch().next()).rejects.toMatchObject(inUse);
    await expect(copy.mesh.leave({ release: true, instance: copy.instance })).rejects.toMatchObject(inUse);
    await mesh.clock.advance(LIVENESS_MS - 10_000 + 1_000);
    // Nobody but the first could have been heard, and it was not.
    expect(mesh.core.context.view.heard.get(first.id)?.state).toBe("down");
  });

  it("tells the first who was refused and when, for as long as that is news", async () => {
    expect((await first.heartbeat()).clone).toBeNull();
    await expect(copy.register()).rejects.toMatchObject(inUse);
    const triedMs = mesh.clock.nowMs();
    await first.live(60_000);
    const told = { host: "beta", underlay_address: "192.0.2.12", last_tried_ms: triedMs };
    expect((await first.heartbeat()).clone).toEqual(told);
    await first.live(600_000);
    expect((await first.heartbeat()).clone).toBeNull();
  });

  it("lets the first come again, from wherever it is, as often as it wants", async () => {
    const watch = first.watch();
    await watch.soon();
    await first.register();
    first.underlayAddress = "192.0.2.99";
    expect((await first.register()).self.underlay_address).toBe("192.0.2.99");
    await watch.stop();
    await first.register();
    await expect(copy.register()).rejects.toMatchObject(inUse);
  });

  it("lets a restarted agent in at once, as soon as the connection of the run before has ended", async () => {
    const watch = first.watch();
    await watch.soon();
    const next = first.twin("run-3", "alpha");
    await expect(next.register()).rejects.toMatchObject(inUse);
    await watch.stop();
    expect((await next.register()).self.pod_cidrs).toEqual(first.held);
    expect((await next.heartbeat()).clone).toBeNull();
    await expect(first.heartbeat()).rejects.toMatchObject(inUse);
  });

  it("does not let a copy elsewhere in while the first only connects anew", async () => {
    const watch = first.watch();
    await watch.soon();
    await watch.stop();
    await expect(copy.register()).rejects.toMatchObject(inUse);
  });

  it("lets a run in whose forerunner's connection never ended, once that was not heard of for the liveness time", async () => {
    const watch = first.watch();
    await watch.soon();
    const next = first.twin("run-3", "alpha");
    await mesh.clock.advance(LIVENESS_MS - 1_000);
    await expect(next.register()).rejects.toMatchObject(inUse);
    await mesh.clock.advance(1_000);
    await next.register();
    // Its watch hears of it with the next change.
    const ended = watch.next();
    ended.catch(() => {});
    await (await mesh.node("other", "192.0.2.50")).register();
    await mesh.clock.advance(1_000);
    await expect(ended).rejects.toMatchObject(inUse);
  });

  it("lets a node in that moved to another host, after the liveness time", async () => {
    await mesh.clock.advance(LIVENESS_MS);
    expect((await copy.register()).self.underlay_address).toBe("192.0.2.12");
    await expect(first.register()).rejects.toThrow(/host beta at 192\.0\.2\.12 has it, so host alpha/);
  });

  it("frees the identity with the node's leave", async () => {
    await first.mesh.leave({ release: false, instance: first.instance });
    await copy.register();
  });

  it("takes a goodbye from the place of a run that has ended, and from no other", async () => {
    const goodbye = { release: true, instance: "goodbye" };
    const elsewhere = { ...goodbye, host: "beta", underlay_address: "192.0.2.12" };
    await expect(copy.mesh.leave(elsewhere)).rejects.toMatchObject(inUse);
    const nowhere = { ...goodbye, underlay_address: "x".repeat(1_000) };
    await expect(copy.mesh.leave(nowhere)).rejects.toMatchObject({ code: "address-invalid" });
    await first.mesh.leave({ ...goodbye, host: "alpha", underlay_address: "192.0.2.11" });
    expect(mesh.core.context.view.nodes.get(first.id)?.joined).toBe(false);
  });

  it("gives the identity, after a restart of the control plane, to who is where the node was", async () => {
    await mesh.restart(1_000);
    await expect(copy.register()).rejects.toThrow(/the host at 192\.0\.2\.11 has it/);
    await first.register();
    await expect(copy.register()).rejects.toMatchObject(inUse);
  });

  it("lets a node in that moved while the control plane was down, after the liveness time", async () => {
    await mesh.restart(1_000);
    await mesh.clock.advance(LIVENESS_MS);
    await copy.register();
  });

  it("knows agents that name no instance as one, and lets them go on", async () => {
    const old = await mesh.node("old-1", "192.0.2.40");
    await old.register();
    await old.heartbeat();
    await old.register();
    await expect(old.twin("run-9", "gamma", "192.0.2.41").register()).rejects.toMatchObject(inUse);
    // An upgrade in place.
    await old.twin("run-9", "gamma").register();
  });

  it("shows no more of a host's name than a name may have", async () => {
    const odd = first.twin("run-4", `x\u001b[31m${"y".repeat(200)}`, "192.0.2.13");
    await expect(odd.register()).rejects.toThrow(/so host x31my{60} at/);
  });
});
