import type { KeysInfo } from "@warren/common/api/types.ts";
import { afterAll, beforeAll, expect, it } from "vitest";
import { ping } from "../lab/measure.ts";
import { waitFor } from "../lab/wait-for.ts";
import { wireGuardKeys } from "../lab/wireguard-uapi.ts";
import { createWireGuardMesh, type WireGuardMesh } from "./wireguard-mesh.ts";
import { describeWithWireGuardGo } from "./with-wireguard-go.ts";

describeWithWireGuardGo("sessions between a node and wireguard-go", (command) => {
  let mesh: WireGuardMesh;
  beforeAll(async () => {
    mesh = await createWireGuardMesh({ command });
    await mesh.connect();
  });
  afterAll(() => mesh?.close());

  const both = async (count = 2) => {
    const { pod, foreign } = mesh;
    const options = { count, intervalMs: 100, waitMs: 5_000 };
    expect(await ping(pod.netns, foreign.address(4), options)).toMatchObject({ received: count });
    expect(await ping(foreign.node.netns, pod.address(4), options)).toMatchObject({ received: count });
  };

  it("are made anew by a peer that forgot them, as often as it does", async () => {
    const { foreign, node, pod } = mesh;
    for (let round = 0; round < 6; round++) {
      const { lastHandshake } = await foreign.peer(node);
      await foreign.forgetPeer(node, true);
      // Also the first answer is sealed with the new session.
      const pings = await ping(foreign.node.netns, pod.address(4), { count: 3, intervalMs: 100, waitMs: 5_000 });
      expect(pings).toMatchObject({ received: 3 });
      expect((await foreign.peer(node)).lastHandshake).toBeGreaterThan(lastHandshake);
      await both(1);
    }
  });

  it("are made anew by the node when the peer says nothing for 15 seconds, having lost them", async () => {
    const { foreign, node, pod } = mesh;
    await foreign.stop();
    await foreign.start();
    const startedMs = performance.now();
    await waitFor("the node to notice", () => mesh.reaches(), { timeoutMs: 25_000, everyMs: 100 });
    expect(performance.now() - startedMs).toBeGreaterThan(10_000);
    expect((await foreign.peer(node)).lastHandshake).toBeGreaterThan(0);
    expect(await ping(pod.netns, foreign.address(4), { count: 2 })).toMatchObject({ received: 2 });
  });

  it("are made by the node at once when it was restarted", async () => {
    const { lab, foreign, node } = mesh;
    const { lastHandshake } = await foreign.peer(node);
    await lab.agent(1).restart();
    await mesh.known();
    await both();
    expect((await foreign.peer(node)).lastHandshake).toBeGreaterThan(lastHandshake);
  });

  it("follow a change of the peer's key at once", async () => {
    const { foreign } = mesh;
    const before = foreign.keys.publicKey;
    await foreign.leave();
    foreign.keys = wireGuardKeys();
    expect(foreign.keys.publicKey).not.toBe(before);
    await foreign.configure([`private_key=${foreign.keys.privateKey}`]);
    await foreign.join();
    await mesh.known();
    await both();
  });

  it("follow a rotation of the node's key, before the peer knows of it and after", async () => {
    const { lab, foreign, node } = mesh;
    const old = foreign.config.peers[0]!;
    await lab.warren(1, "keys", "rotate");
    const { publicKey } = await waitFor("the key to be the node's", async () => {
      const keys = await lab.warren<KeysInfo>(1, "keys", "show");
      return keys.publicKey !== old.publicKey && keys;
    });
    // The session goes on; a new one with the old key is still answered.
    await both();
    await foreign.forgetPeer(node, true);
    expect(await ping(foreign.node.netns, mesh.pod.address(4), { count: 2 })).toMatchObject({ received: 2 });
    await both();
    await foreign.forgetPeer(node, false);
    await foreign.readConfig();
    expect(foreign.config.peers[0]!.publicKey).toBe(publicKey);
    await foreign.forgetPeer(node, true);
    expect(await ping(foreign.node.netns, mesh.pod.address(4), { count: 2 })).toMatchObject({ received: 2 });
    await both();
  });

  it("are one when both sides begin in the same moment", async () => {
    const { pod, foreign, node } = mesh;
    for (let round = 0; round < 4; round++) {
      await foreign.leave();
      await foreign.forgetPeer(node, true);
      await foreign.join();
      await mesh.known();
      const options = { count: 3, waitMs: 8_000 };
      const pings = await Promise.all([
        ping(pod.netns, foreign.address(4), options),
        ping(foreign.node.netns, pod.address(4), options),
      ]);
      // Of two sessions that crossed, wireguard-go may have given up the one that a packet under way was sealed with.
      for (const { received } of pings) expect(received).toBeGreaterThanOrEqual(2);
      await both(1);
    }
  });

  it("end on the spot when the peer is removed", async () => {
    const { foreign, pod, node } = mesh;
    await both();
    await foreign.leave();
    await waitFor("the node to forget it", async () => {
      const peers = await mesh.lab.agent(1).get<unknown[]>("/v1/peers");
      return peers.length === 0;
    });
    const before = await mesh.drops();
    const { lastHandshake } = await foreign.peer(node);
    const options = { count: 3, waitMs: 300 };
    expect(await ping(foreign.node.netns, pod.address(4), options)).toMatchObject({ received: 0 });
    expect((await mesh.drops())["unknown-session"]! - (before["unknown-session"] ?? 0)).toBe(3);
    expect((await ping(pod.netns, foreign.address(4), options)).received).toBe(0);
    expect((await foreign.peer(node)).lastHandshake).toBe(lastHandshake);
  });
});
