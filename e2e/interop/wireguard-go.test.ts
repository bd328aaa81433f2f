import type { PeerInfo } from "@warren/common/api/types.ts";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ping, tcpThroughput } from "../lab/measure.ts";
import { transfer } from "../lab/transfer.ts";
import { waitFor } from "../lab/wait-for.ts";
import { createWireGuardMesh, type WireGuardMesh } from "./wireguard-mesh.ts";
import { describeWithWireGuardGo } from "./with-wireguard-go.ts";

describe.each([4, 6] as const)("over an IPv%i underlay", (family) => {
  describeWithWireGuardGo(
    "wireguard-go as a peer",
    (command) => {
      let mesh: WireGuardMesh;
      beforeAll(async () => {
        mesh = await createWireGuardMesh({ command, family });
      });
      afterAll(() => mesh?.close());

      it("gets a session when it sends first, and no packet is lost for it", async () => {
        const { foreign, pod, node } = mesh;
        expect((await foreign.peer(node)).lastHandshake).toBe(0);
        expect(await ping(foreign.node.netns, pod.address(4), { count: 3 })).toMatchObject({ received: 3 });
        expect((await foreign.peer(node)).lastHandshake).toBeGreaterThan(0);
      });

      it("gets a session when a pod sends first, and no packet is lost for it", async () => {
        const { foreign, pod, node } = mesh;
        const { lastHandshake } = await foreign.peer(node);
        await foreign.leave();
        await foreign.forgetPeer(node, true);
        await foreign.join();
        await mesh.known();
        expect(await ping(pod.netns, foreign.address(4), { count: 3 })).toMatchObject({ received: 3 });
        expect((await foreign.peer(node)).lastHandshake).toBeGreaterThan(lastHandshake);
      });

      it.each([4, 6] as const)("pings and is pinged over IPv%i, up to its MTU", async (inner) => {
        const { foreign, pod } = mesh;
        const payload = foreign.config.mtu - (inner === 4 ? 28 : 48);
        for (const options of [{ count: 2 }, { count: 1, payload, dontFragment: true }]) {
          const received = { received: options.count };
          expect(await ping(pod.netns, foreign.address(inner), options)).toMatchObject(received);
          expect(await ping(foreign.node.netns, pod.address(inner), options)).toMatchObject(received);
        }
        const fromNode = await ping(mesh.lab.host(1).netns, foreign.address(inner), { count: 1 });
        expect(fromNode).toMatchObject({ received: 1 });
      });

      it.each([4, 6] as const)("exchanges TCP over IPv%i to the last bit, in both directions", async (inner) => {
        const { foreign, pod } = mesh;
        const toPod = await transfer(foreign.node.netns, pod, pod.address(inner), 7100, 16);
        expect(toPod.arrived).toEqual(toPod.sent);
        const fromPod = await transfer(pod.netns, foreign.node, foreign.address(inner), 7100, 16);
        expect(fromPod.arrived).toEqual(fromPod.sent);
      });

      it.each([4, 6] as const)("runs iperf3 over IPv%i, TCP and UDP, both ways", async (inner) => {
        const { foreign, pod } = mesh;
        const server = await pod.spawn("iperf3", ["-s", "--forceflush"]);
        await waitFor("iperf3", () => server.log().includes("listening"));
        for (const reverse of [false, true]) {
          const moved = await tcpThroughput(foreign.node.netns, pod.address(inner), 5201, { seconds: 1, reverse });
          const way = reverse ? "Warren → wireguard-go" : "wireguard-go → Warren";
          const speed = `${moved.gbitPerSecond.toFixed(2)} Gbit/s, ${moved.retransmits} retransmits`;
          console.log(`outer IPv${family}, inner IPv${inner}, ${way}: ${speed}`);
          expect(moved.bytes).toBeGreaterThan(1 << 20);
          const udp = ["-u", "-b", "10M", "-t", "1", "-J", "-c", pod.address(inner), ...(reverse ? ["-R"] : [])];
          const { stdout } = await foreign.node.run("iperf3", udp);
          const { lost_packets: lost, packets } = JSON.parse(stdout).end.sum;
          // iperf3 itself loses some when it does not get a core: what the tunnel loses, other tests count.
          expect(lost, way).toBeLessThan(packets / 10);
          expect(packets).toBeGreaterThan(100);
        }
        await server.end();
      });

      it("costs no drop, and is told from a node", async () => {
        const { "no-route": _, "not-local": __, ...drops } = await mesh.drops();
        expect(Object.entries(drops).filter(([, count]) => count > 0)).toEqual([]);
        const [peer] = await mesh.lab.agent(1).get<PeerInfo[]>("/v1/peers");
        const { name, allowedIps } = mesh.foreign;
        expect(peer).toMatchObject({ name, foreign: true, kind: "wireguard", podCidrs: allowedIps });
        expect(peer!.rxPackets).toBeGreaterThan(1000);
        expect(peer!.txPackets).toBeGreaterThan(1000);
      });
    },
    ["iperf3"],
  );
});
