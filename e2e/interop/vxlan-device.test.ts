import type { AgentStatus, NodeInfo } from "@warren/common/api/types.ts";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createLab, type Lab, uniqueLabName } from "../lab/lab.ts";
import { ping, tcpThroughput } from "../lab/measure.ts";
import { DUAL_STACK } from "../lab/mesh.ts";
import { type LabPod, podProgram } from "../lab/pod.ts";
import { transfer } from "../lab/transfer.ts";
import { waitFor } from "../lab/wait-for.ts";
import { describeAsRoot } from "../netns/as-root.ts";
import { addVxlanHost, type VxlanHost } from "./vxlan-device.ts";

const PROGRAMS = ["bridge", "iperf3"];

describe.each([
  { family: 4 as const, overlayMtu: 1450 },
  { family: 6 as const, overlayMtu: 1430 },
])("over an IPv$family underlay", ({ family, overlayMtu }) => {
  describeAsRoot(
    "a Linux vxlan device as a peer",
    () => {
      let lab: Lab;
      let pod: LabPod;
      let foreign: VxlanHost;
      const own = (inner: 4 | 6) => foreign.addresses.find((address) => address.includes(":") === (inner === 6))!;
      beforeAll(async () => {
        lab = await createLab({ name: uniqueLabName("wl"), nodes: 2, family });
        await lab.startControl({ flags: DUAL_STACK });
        await lab.startAgent(1);
        pod = await lab.addPod(1, "pod-1");
        foreign = await addVxlanHost(lab, 2, overlayMtu);
        await waitFor(
          "the agent to forward to the peer",
          async () => (await ping(pod.netns, own(4), { count: 1, waitMs: 300 })).received === 1,
        );
      });
      afterAll(() => lab?.close());

      it.each([4, 6] as const)("pings and is pinged over IPv%i, up to the overlay MTU", async (inner) => {
        const payload = overlayMtu - (inner === 4 ? 28 : 48);
        for (const options of [{ count: 3 }, { count: 1, payload, dontFragment: true }]) {
          expect(await ping(pod.netns, own(inner), options)).toMatchObject({ received: options.count });
          const back = { ...options, source: own(inner) };
          expect(await ping(foreign.node.netns, pod.address(inner), back)).toMatchObject({ received: options.count });
        }
        expect(await ping(lab.host(1).netns, own(inner), { count: 1 })).toMatchObject({ received: 1 });
      });

      it.each([4, 6] as const)("sees the pod's own address over IPv%i", async (inner) => {
        const port = `80${inner}0`;
        const server = await foreign.node.spawn(process.execPath, [podProgram("tcp-whoami-server.mjs"), port]);
        await waitFor("the server", () => server.log().includes("listening"));
        const client = [podProgram("tcp-whoami-client.mjs"), own(inner), port];
        const { stdout } = await pod.run(process.execPath, client);
        expect(JSON.parse(stdout)).toMatchObject({ seenAs: pod.address(inner) });
      });

      it.each([4, 6] as const)(
        "exchanges large TCP transfers over IPv%i to the last bit, in both directions",
        async (inner) => {
          const toPod = await transfer(foreign.node.netns, pod, pod.address(inner), 7100, 64);
          expect(toPod.arrived).toEqual(toPod.sent);
          const fromPod = await transfer(pod.netns, foreign.node, own(inner), 7100, 64);
          expect(fromPod.arrived).toEqual(fromPod.sent);
        },
      );

      it("is fast in both directions: segmentation offload works on either side", async () => {
        const server = await pod.spawn("iperf3", ["-s", "--forceflush"]);
        await waitFor("iperf3", () => server.log().includes("listening"));
        for (const reverse of [false, true]) {
          const moved = await tcpThroughput(foreign.node.netns, pod.address(4), 5201, { seconds: 2, reverse });
          const direction = reverse ? "Warren → kernel" : "kernel → Warren";
          const { gbitPerSecond, retransmits } = moved;
          console.log(
            `over IPv${family}, ${direction}: ${gbitPerSecond.toFixed(2)} Gbit/s, ${retransmits} retransmits`,
          );
          expect(moved.bytes).toBeGreaterThan(1 << 20);
        }
      });

      it("costs no drop, and is told from a node", async () => {
        const { dataplane } = await lab.warren<AgentStatus>(1, "status");
        const { "no-route": _, "not-local": __, ...drops } = dataplane.drops;
        expect(Object.entries(drops).filter(([, count]) => count > 0)).toEqual([]);
        const foreigners = await lab.warren<NodeInfo[]>("control", "peer", "list");
        expect(foreigners).toMatchObject([{ name: foreign.name, foreign: true, podCidrs: foreign.podCidrs }]);
      });

      it("is refused what is not its own: another source than its prefixes does not get in", async () => {
        await foreign.node.run("ip", ["address", "add", "10.99.2.1/32", "dev", "lo"]);
        const before = (await lab.warren<AgentStatus>(1, "status")).dataplane.drops["ingress-spoof"] ?? 0;
        await ping(foreign.node.netns, pod.address(4), { count: 2, source: "10.99.2.1", waitMs: 200 });
        const after = (await lab.warren<AgentStatus>(1, "status")).dataplane.drops["ingress-spoof"] ?? 0;
        expect(after - before).toBe(2);
      });

      it("is forgotten when it is removed", async () => {
        await lab.warren("control", "peer", "del", foreign.name);
        await waitFor("nothing of it to get in any more", async () => {
          const options = { count: 1, source: own(4), waitMs: 200 };
          return (await ping(foreign.node.netns, pod.address(4), options)).received === 0;
        });
        expect(await lab.agent(1).get<NodeInfo[]>("/v1/peers")).toEqual([]);
      });
    },
    PROGRAMS,
  );
});
