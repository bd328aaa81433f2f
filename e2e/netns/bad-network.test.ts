import type { AgentStatus, NodeInfo } from "@warren/common/api/types.ts";
import { afterAll, afterEach, beforeAll, expect, it } from "vitest";
import { uniqueLabName } from "../lab/lab.ts";
import { ping } from "../lab/measure.ts";
import { createMesh, type Mesh } from "../lab/mesh.ts";
import { transfer } from "../lab/transfer.ts";
import { waitFor } from "../lab/wait-for.ts";
import { describeAsRoot } from "./as-root.ts";

describeAsRoot("a bad network", () => {
  let mesh: Mesh;
  beforeAll(async () => {
    mesh = await createMesh({ name: uniqueLabName("wl"), nodes: 3 });
  });
  afterAll(() => mesh?.lab.close());
  afterEach(async () => {
    for (const node of [mesh.lab.control, ...mesh.lab.hosts]) await node.clearFault();
  });

  const reaches = async () =>
    (await ping(mesh.pod(1).netns, mesh.pod(2).address(), { count: 1, waitMs: 300 })).received === 1;
  const stateOf = async (node: string) =>
    (await mesh.lab.warren<NodeInfo[]>("control", "nodes")).find((each) => each.name === node)?.state;

  it("that loses every 50th datagram costs time, not data", async () => {
    for (const number of [1, 2]) await mesh.lab.host(number).setFault({ kind: "every", n: 50 }, { udpPort: 4789 });
    const { sent, arrived } = await transfer(mesh.pod(1).netns, mesh.pod(2), mesh.pod(2).address(), 7100, 4);
    expect(arrived).toEqual(sent);
  });

  it("between a node and the control plane makes it down, and its pods stay reachable", async () => {
    const node = mesh.lab.host(2);
    await mesh.lab.control.setFault({ kind: "blackhole" }, { from: node.underlay });
    await waitFor("the control plane to miss it", async () => (await stateOf(node.netns)) === "down", {
      timeoutMs: 40_000,
    });
    await waitFor("the others to hear of it", async () => {
      const peers = await mesh.lab.agent(1).get<NodeInfo[]>("/v1/peers");
      return peers.find((peer) => peer.name === node.netns)?.state === "down";
    });
    expect(await reaches()).toBe(true);
    await waitFor(
      "the cut-off node to notice",
      async () => {
        const status = await mesh.lab.warren<AgentStatus>(2, "status");
        return !status.control.connected && status.warnings.length > 0;
      },
      { timeoutMs: 40_000 },
    );
    await mesh.lab.control.clearFault();
    await waitFor("it to be back", async () => (await stateOf(node.netns)) === "ready", { timeoutMs: 60_000 });
    expect(await reaches()).toBe(true);
  });

  it("between two nodes is over when it is over", async () => {
    const [one, two] = [mesh.lab.host(1), mesh.lab.host(2)];
    await two.setFault({ kind: "blackhole" }, { from: one.underlay });
    expect(await reaches()).toBe(false);
    expect(await ping(mesh.pod(3).netns, mesh.pod(2).address(), { count: 1 })).toMatchObject({ received: 1 });
    await two.clearFault();
    await waitFor("pods to reach each other", reaches, { timeoutMs: 5_000 });
  });
});
