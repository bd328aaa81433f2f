import type { AgentStatus } from "@warren/common/api/types.ts";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { uniqueLabName } from "../lab/lab.ts";
import { ping } from "../lab/measure.ts";
import { createMesh, DUAL_STACK, type Mesh } from "../lab/mesh.ts";
import { describeAsRoot } from "./as-root.ts";

/** IP header and ICMP header before the payload of a ping. */
const PING_HEADERS = { 4: 28, 6: 48 } as const;
/** Headers of VXLAN over each family (RFC 7348: outer IP, UDP, VXLAN, inner Ethernet). */
const OVERHEAD = { 4: 50, 6: 70 } as const;

describe.each([
  { family: 4 as const, mtu: 1500 },
  { family: 4 as const, mtu: 1400 },
  { family: 6 as const, mtu: 1500 },
])("an IPv$family underlay with MTU $mtu", ({ family, mtu }) => {
  describeAsRoot("a mesh", () => {
    const overlayMtu = mtu - OVERHEAD[family];
    let mesh: Mesh;
    beforeAll(async () => {
      mesh = await createMesh({ name: uniqueLabName("wl"), nodes: 2, family, mtu, control: { flags: DUAL_STACK } });
      // Senders that know no limit of their own: the answer must come from the network.
      for (const pod of mesh.pods) {
        await mesh.lab.host(pod.hostNumber).run("ip", ["link", "set", pod.hostInterface, "mtu", "9000"]);
        await pod.run("ip", ["link", "set", "eth0", "mtu", "9000"]);
      }
    });
    afterAll(() => mesh?.lab.close());

    it("says its overlay MTU", async () => {
      const { dataplane } = await mesh.lab.warren<AgentStatus>(1, "status");
      expect(dataplane).toMatchObject({ overlayMtu, underlayMtu: mtu });
    });

    it.each([4, 6] as const)("carries an IPv%i packet of exactly the overlay MTU unfragmented", async (inner) => {
      const payload = overlayMtu - PING_HEADERS[inner];
      const options = { count: 1, payload, dontFragment: true };
      expect(await ping(mesh.pod(1).netns, mesh.pod(2).address(inner), options)).toMatchObject({ received: 1 });
      expect(await ping(mesh.lab.host(1).netns, mesh.pod(2).address(inner), options)).toMatchObject({ received: 1 });
    });

    it.each([4, 6] as const)("answers a bigger IPv%i packet with the MTU to use", async (inner) => {
      const payload = overlayMtu - PING_HEADERS[inner] + 1;
      const options = { count: 1, payload, dontFragment: true, waitMs: 500 };
      const fromPod = await ping(mesh.pod(1).netns, mesh.pod(2).address(inner), options);
      expect(fromPod.received).toBe(0);
      expect(fromPod.output).toMatch(
        inner === 4
          ? new RegExp(`Frag needed and DF set \\(mtu = ${overlayMtu}\\)`, "i")
          : new RegExp(`Packet too big: mtu=${overlayMtu}`, "i"),
      );
      const fromNode = await ping(mesh.lab.host(1).netns, mesh.pod(2).address(inner), options);
      expect(fromNode).toMatchObject({ received: 0, output: expect.stringMatching(/too long|too big|frag needed/i) });
    });

    it.each([4, 6] as const)("carries a fragmented IPv%i packet that is bigger than any MTU", async (inner) => {
      const [from, to] = [mesh.pod(1).netns, mesh.pod(2).address(inner)];
      // Routers do not fragment IPv6: the first packet teaches its sender the path's MTU.
      await ping(from, to, { count: 1, payload: 4000, waitMs: 500 });
      expect(await ping(from, to, { count: 2, payload: 4000 })).toMatchObject({ received: 2 });
    });
  });
});
