import type { AgentStatus, PeerInfo } from "@warren/common/api/types.ts";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createLab, type Lab, uniqueLabName } from "../lab/lab.ts";
import { ping, tcpThroughput } from "../lab/measure.ts";
import { DUAL_STACK } from "../lab/mesh.ts";
import type { LabPod } from "../lab/pod.ts";
import { transfer } from "../lab/transfer.ts";
import { waitFor } from "../lab/wait-for.ts";
import { addWireGuardHost, type WireGuardHost } from "./wireguard-host.ts";
import { describeWithWireGuardGo } from "./with-wireguard-go.ts";

describe.each([4, 6] as const)("over an IPv%i underlay", (family) => {
  describeWithWireGuardGo(
    "wireguard-go as a peer",
    (command) => {
      let lab: Lab;
      let pod: LabPod;
      let foreign: WireGuardHost;
      beforeAll(async () => {
        lab = await createLab({ name: uniqueLabName("wl"), nodes: 2, family });
        await lab.startControl({ flags: [...DUAL_STACK, "--cipher", "chacha20-poly1305"] });
        await lab.startAgent(1);
        pod = await lab.addPod(1, "pod-1");
        foreign = await addWireGuardHost(lab, { host: 2, command });
      });
      afterAll(async () => {
        await foreign?.stop();
        await lab?.close();
      });
      const node = () => lab.host(1).netns;

      it("has a session as soon as a pod sends to it", async () => {
        await waitFor("the agent to know of it", async () => {
          const peers = await lab.agent(1).get<PeerInfo[]>("/v1/peers");
          return peers.some((peer) => peer.name === foreign.name && peer.kind === "wireguard");
        });
        expect(await ping(pod.netns, foreign.address(4), { count: 3 })).toMatchObject({ received: 3 });
        expect((await foreign.peer(node())).lastHandshake).toBeGreaterThan(0);
      });

      it("gets a session as soon as it sends to a pod", async () => {
        const { lastHandshake } = await foreign.peer(node());
        await foreign.forgetPeer(node(), true);
        expect(await ping(foreign.node.netns, pod.address(4), { count: 3 })).toMatchObject({ received: 3 });
        expect((await foreign.peer(node())).lastHandshake).toBeGreaterThan(lastHandshake);
      });

      it.each([4, 6] as const)("pings and is pinged over IPv%i, up to its MTU", async (inner) => {
        const payload = foreign.config.mtu - (inner === 4 ? 28 : 48);
        for (const options of [{ count: 2 }, { count: 1, payload, dontFragment: true }]) {
          expect(await ping(pod.netns, foreign.address(inner), options)).toMatchObject({ received: options.count });
          const back = await ping(foreign.node.netns, pod.address(inner), options);
          expect(back).toMatchObject({ received: options.count });
        }
        expect(await ping(lab.host(1).netns, foreign.address(inner), { count: 1 })).toMatchObject({ received: 1 });
      });

      it.each([4, 6] as const)("exchanges TCP over IPv%i to the last bit, in both directions", async (inner) => {
        const toPod = await transfer(foreign.node.netns, pod, pod.address(inner), 7100, 16);
        expect(toPod.arrived).toEqual(toPod.sent);
        const fromPod = await transfer(pod.netns, foreign.node, foreign.address(inner), 7100, 16);
        expect(fromPod.arrived).toEqual(fromPod.sent);
      });

      it("runs iperf3 both ways over both families, TCP and UDP", async () => {
        const server = await pod.spawn("iperf3", ["-s", "--forceflush"]);
        await waitFor("iperf3", () => server.log().includes("listening"));
        for (const inner of [4, 6] as const)
          for (const reverse of [false, true]) {
            const moved = await tcpThroughput(foreign.node.netns, pod.address(inner), 5201, { seconds: 1, reverse });
            const way = reverse ? "Warren → wireguard-go" : "wireguard-go → Warren";
            const { gbitPerSecond, retransmits, bytes } = moved;
            console.log(
              `outer IPv${family}, inner IPv${inner}, ${way}: ${gbitPerSecond.toFixed(2)} Gbit/s, ${retransmits} retransmits`,
            );
            expect(bytes).toBeGreaterThan(1 << 20);
            const args = ["-u", "-b", "20M", "-t", "1", "-J", "-c", pod.address(inner), ...(reverse ? ["-R"] : [])];
            const { stdout } = await foreign.node.run("iperf3", args);
            const { lost_packets: lost, packets } = JSON.parse(stdout).end.sum;
            expect({ way, lost }).toEqual({ way, lost: 0 });
            expect(packets).toBeGreaterThan(1000);
          }
      });

      it("costs no drop, and is told from a node", async () => {
        const { dataplane } = await lab.warren<AgentStatus>(1, "status");
        const { "no-route": _, "not-local": __, ...drops } = dataplane.drops;
        expect(Object.entries(drops).filter(([, count]) => count > 0)).toEqual([]);
        const [peer] = await lab.agent(1).get<PeerInfo[]>("/v1/peers");
        expect(peer).toMatchObject({ name: foreign.name, foreign: true, podCidrs: foreign.allowedIps });
        expect(peer!.rxPackets).toBeGreaterThan(1000);
        expect(peer!.txPackets).toBeGreaterThan(1000);
      });
    },
    ["iperf3"],
  );
});
