import { randomBytes } from "node:crypto";
import type { CaptureResult, ListenResult, ProbeAnswer, ProbePlace, ProbeTarget } from "@warren/common/api/ask.ts";
import type { PodInfo } from "@warren/common/api/types.ts";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ask } from "../lab/ask.ts";
import { uniqueLabName } from "../lab/lab.ts";
import { createMesh, DUAL_STACK, type Mesh } from "../lab/mesh.ts";
import { sealedSessions } from "../lab/sessions.ts";
import { waitFor } from "../lab/wait-for.ts";
import { describeAsRoot } from "./as-root.ts";

const NODE: ProbePlace = { kind: "node" };
const POD: ProbePlace = { kind: "pod", namespace: "default", name: "pod-1" };
const PLACES: readonly ProbePlace[] = [NODE, POD];
const session = randomBytes(16).toString("hex");

describe.each([
  { name: "plain", flags: [] as string[], overhead: 50, agents: [] as string[] },
  { name: "sealed", flags: ["--cipher", "aes-256-gcm"], overhead: 60, agents: [] },
  { name: "plain, in the kernel", flags: [], overhead: 50, agents: ["--dataplane", "kernel"] },
])("parts of a self-test on a mesh: $name", ({ name, flags, overhead, agents }) => {
  describeAsRoot("two nodes with a pod each", () => {
    const mtu = 1500 - overhead;
    let mesh: Mesh;
    let listeners: ListenResult["listeners"];
    beforeAll(async () => {
      const options = { 1: { flags: agents }, 2: { flags: agents } };
      const control = { flags: [...DUAL_STACK, ...flags] };
      mesh = await createMesh({ name: uniqueLabName("wl"), nodes: 2, control, agents: options });
      if (name === "sealed") await sealedSessions(mesh.lab, [1, 2], "aes-256-gcm");
    });
    afterAll(() => mesh?.lab.close());

    const nodeName = (host: number) => mesh.lab.host(host).netns;
    const listenAt = (host: number) =>
      ask<"listen">(mesh.lab.agent(1), nodeName(host), { do: "listen", session, places: [NODE, POD], seconds: 60 });
    const send = async (host: number, from: ProbePlace, targets: readonly ProbeTarget[]) => {
      const task = { do: "send", session, from, targets, timeoutMs: 3_000 } as const;
      return (await ask<"send">(mesh.lab.agent(1), nodeName(host), task)).answers;
    };
    const targets = (family: 4 | 6, sizes: Pick<ProbeTarget, "sendBytes" | "answerBytes"> = {}): ProbeTarget[] =>
      listeners.map(({ addresses, port }) => ({
        ...{ address: addresses.find((address) => address.includes(":") === (family === 6))!, port, ...sizes },
      }));

    it("describes each node to the other, and both to the control plane", async () => {
      for (const asker of [mesh.lab.agent(1), mesh.lab.agent(2), mesh.lab.controlPlane])
        for (const host of [1, 2]) {
          const { status, pods, addresses } = await ask<"describe">(asker, nodeName(host), { do: "describe" });
          expect(status.node.name).toBe(nodeName(host));
          expect(pods).toMatchObject([{ name: "pod-1", addresses: mesh.pod(host).addresses }]);
          expect(addresses).toHaveLength(2);
        }
    });

    it.each([
      [1, 2],
      [2, 1],
      [1, 1],
    ])(
      "answers probes of host %i at host %i, with the sender's own address, up to the MTU and not beyond",
      async (from, to) => {
        listeners = (await listenAt(to)).listeners;
        expect(listeners).toMatchObject([{ addresses: { length: 2 } }, { addresses: mesh.pod(to).addresses }]);
        for (const family of [4, 6] as const)
          for (const place of PLACES) {
            const fits = { sendBytes: mtu, answerBytes: mtu };
            const answers = await send(from, place, [...targets(family), ...targets(family, fits)]);
            for (const answer of answers) {
              expect(answer).toMatchObject({ outcome: "answered", seenAs: answer.sentFrom, rttMs: expect.any(Number) });
              expect(answer.rttMs).toBeGreaterThan(0);
            }
            // What stays on the host goes through its loopback, which takes longer packets.
            if (from === to) continue;
            const longer = await send(from, place, targets(family, { sendBytes: mtu + 1 }));
            expect(longer.map(({ outcome }) => outcome)).toEqual(["too-long", "too-long"]);
          }
      },
    );

    it("says so when the answer is what is too long", async () => {
      listeners = (await listenAt(2)).listeners;
      const answers = await send(1, POD, targets(4, { answerBytes: mtu + 1 }));
      for (const answer of answers)
        expect(answer).toMatchObject({ outcome: "failed", error: expect.stringContaining("too long") });
    });

    it("sees on the wire what is there", async () => {
      listeners = (await listenAt(2)).listeners;
      const looking = [1, 2].map((host) =>
        ask<"capture">(mesh.lab.agent(1), nodeName(host), {
          ...{ do: "capture", session, seconds: 3, peers: [mesh.lab.host(3 - host).underlay] },
        }),
      );
      let done = false;
      const captured = Promise.all(looking).finally(() => {
        done = true;
      });
      // The whole time: nobody says when they begin to look.
      const answers: ProbeAnswer[] = [];
      while (!done) answers.push(...(await send(1, POD, targets(4))));
      expect(answers.every(({ outcome }) => outcome === "answered")).toBe(true);
      for (const { peers } of (await captured) satisfies CaptureResult[]) {
        const [seen] = peers;
        expect(seen).toMatchObject({ direct: 0, other: 0 });
        if (name === "sealed") expect(seen).toMatchObject({ vxlan: 0, readable: 0 });
        else expect(seen).toMatchObject({ wireguard: 0 });
        const carried = name === "sealed" ? seen!.wireguard : seen!.readable;
        expect(carried).toBeGreaterThan(20);
      }
    });

    it("shows an address that is translated on the way", async () => {
      listeners = (await listenAt(2)).listeners;
      const pod = mesh.pod(2);
      // The node's own address instead of the pod's, as a masquerade of all that leaves would have it.
      const nft = (...args: string[]) => mesh.lab.host(1).run("nft", args);
      const { addresses } = await ask<"describe">(mesh.lab.agent(1), nodeName(1), { do: "describe" });
      await nft("add", "table", "ip", "wltest");
      await nft("add", "chain", "ip", "wltest", "post", "{ type nat hook postrouting priority 100 ; }");
      await nft("add", "rule", "ip", "wltest", "post", "ip", "daddr", pod.address(4), "snat", "to", addresses[0]!);
      try {
        const answers = await send(1, POD, targets(4));
        const [toNode, toPod] = answers;
        expect(toNode).toMatchObject({ outcome: "answered", seenAs: mesh.pod(1).address(4) });
        expect(toPod).toMatchObject({ outcome: "answered", sentFrom: mesh.pod(1).address(4), seenAs: addresses[0] });
      } finally {
        await nft("delete", "table", "ip", "wltest");
      }
    });

    it("makes a pod that is reached at once, and takes it away", async () => {
      const pod = await ask<"add-pod">(mesh.lab.agent(1), nodeName(2), { do: "add-pod", seconds: 60 });
      const place: ProbePlace = { kind: "pod", namespace: pod.namespace, name: pod.name };
      const task = { do: "listen", session, places: [place], seconds: 30 } as const;
      listeners = (await ask<"listen">(mesh.lab.agent(1), nodeName(2), task)).listeners;
      expect(await send(1, POD, targets(4))).toMatchObject([{ outcome: "answered" }]);
      await ask<"delete-pod">(mesh.lab.agent(1), nodeName(2), {
        ...{ do: "delete-pod", namespace: pod.namespace, name: pod.name },
      });
      const left = await mesh.lab.warren<PodInfo[]>(2, "pod", "list");
      expect(left.map(({ name }) => name)).toEqual(["pod-1"]);
      await ask<"add-pod">(mesh.lab.agent(1), nodeName(2), { do: "add-pod", seconds: 1 });
      await waitFor("the pod to be gone by itself", async () => {
        const { pods } = await ask<"describe">(mesh.lab.agent(1), nodeName(2), { do: "describe" });
        return pods.length === 1;
      });
    });

    it("does a test of itself while the control plane is down", async () => {
      if (name !== "plain") return;
      await mesh.lab.controlPlane.kill();
      listeners = (await listenAt(1)).listeners;
      expect(await send(1, NODE, targets(4))).toMatchObject([{ outcome: "answered" }, { outcome: "answered" }]);
      await mesh.lab.controlPlane.start();
    });
  });
});
