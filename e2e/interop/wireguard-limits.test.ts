import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ping } from "../lab/measure.ts";
import { transfer } from "../lab/transfer.ts";
import { createWireGuardMesh, type WireGuardMesh } from "./wireguard-mesh.ts";
import { describeWithWireGuardGo } from "./with-wireguard-go.ts";

const PING_HEADERS = { 4: 28, 6: 48 } as const;
/** Outer IP, UDP, WireGuard. */
const OVERHEAD = { 4: 60, 6: 80 } as const;

describe.each([
  { family: 4 as const, mtu: 1400 },
  { family: 6 as const, mtu: 1400 },
])("an IPv$family underlay with MTU $mtu", ({ family, mtu }) => {
  describeWithWireGuardGo("between a node and wireguard-go", (command) => {
    const overlayMtu = mtu - OVERHEAD[family];
    let mesh: WireGuardMesh;
    beforeAll(async () => {
      mesh = await createWireGuardMesh({ command, family, mtu });
      await mesh.foreign.node.run("ip", ["link", "set", mesh.foreign.device, "mtu", String(overlayMtu)]);
      await mesh.connect();
    });
    afterAll(() => mesh?.close());

    it.each([4, 6] as const)("carries IPv%i packets of every length up to the overlay MTU", async (inner) => {
      const { pod, foreign } = mesh;
      const longest = overlayMtu - PING_HEADERS[inner];
      // Around a multiple of 16 the padding changes; at the MTU there is no room for it.
      for (const less of [0, 1, 7, 8, 15, 16, 17, 33]) {
        const options = { count: 1, payload: longest - less, dontFragment: true };
        expect(await ping(pod.netns, foreign.address(inner), options)).toMatchObject({ received: 1 });
        expect(await ping(foreign.node.netns, pod.address(inner), options)).toMatchObject({ received: 1 });
      }
    });

    it.each([4, 6] as const)("says the MTU to whoever sends more over IPv%i", async (inner) => {
      const payload = overlayMtu - PING_HEADERS[inner] + 1;
      const tooBig = await ping(mesh.pod.netns, mesh.foreign.address(inner), {
        ...{ count: 1, payload, dontFragment: true, waitMs: 500 },
      });
      expect(tooBig.received).toBe(0);
      expect(tooBig.output).toMatch(/too long|too big|frag needed/i);
    });

    it("carries TCP both ways to the last bit", async () => {
      const { pod, foreign } = mesh;
      const fromPod = await transfer(pod.netns, foreign.node, foreign.address(6), 7100, 4);
      expect(fromPod.arrived).toEqual(fromPod.sent);
      const toPod = await transfer(foreign.node.netns, pod, pod.address(6), 7100, 4);
      expect(toPod.arrived).toEqual(toPod.sent);
    });
  });
});

describeWithWireGuardGo("a routing loop", (command) => {
  let mesh: WireGuardMesh;
  beforeAll(async () => {
    mesh = await createWireGuardMesh({ command, strangers: 1 });
    await mesh.connect();
  });
  afterAll(() => mesh?.close());

  it("is not made by the mesh: prefixes that hold an underlay address are refused", async () => {
    const key = Buffer.alloc(32, 9).toString("base64");
    const stranger = `${mesh.lab.host(3).underlay}:51820`;
    for (const prefix of [
      "198.18.0.0/24",
      `${mesh.lab.host(1).underlay}/32`,
      `${mesh.lab.host(3).underlay}/32`,
      "0.0.0.0/0",
    ]) {
      const args = ["peer", "add", "loop", "--public-key", key, "--endpoint", stranger, "--allowed-ips", prefix];
      const { code, stderr } = await mesh.lab.tryWarren("control", ...args);
      expect({ prefix, failed: code !== 0 }).toEqual({ prefix, failed: true });
      expect(stderr).toMatch(/underlay address|whole pool/);
    }
  });

  it("made by hand on a node sends nothing in circles, and is over when it is over", async () => {
    const { lab, pod, foreign } = mesh;
    const [node, peer] = [lab.host(1), foreign.node.underlay];
    const before = await mesh.drops();
    await node.run("ip", ["route", "add", `${peer}/32`, "dev", "warren0"]);
    const pings = await ping(pod.netns, foreign.address(4), { count: 5, intervalMs: 100, waitMs: 300 });
    expect(pings.received).toBe(0);
    const during = await mesh.drops();
    // Each sealed packet comes back once, as one that no peer has.
    const back = (during["no-route"] ?? 0) - (before["no-route"] ?? 0);
    expect(back).toBeGreaterThanOrEqual(5);
    expect(back).toBeLessThan(50);
    await node.run("ip", ["route", "del", `${peer}/32`, "dev", "warren0"]);
    expect(await mesh.reaches()).toBe(true);
  });
});
