import type { ControlIpam, NodeInfo } from "@warren/common/api/types.ts";
import { EXIT } from "@warren/common/errors/codes.ts";
import { afterAll, beforeAll, expect, it } from "vitest";
import { uniqueLabName } from "../lab/lab.ts";
import { ping } from "../lab/measure.ts";
import { createMesh, type Mesh } from "../lab/mesh.ts";
import { waitFor } from "../lab/wait-for.ts";
import { describeAsRoot } from "./as-root.ts";

describeAsRoot("a node that was revoked", () => {
  let mesh: Mesh;
  let revoked: string;
  beforeAll(async () => {
    mesh = await createMesh({ name: uniqueLabName("wl"), nodes: 3 });
    revoked = mesh.lab.host(2).netns;
    expect(await ping(mesh.pod(1).netns, mesh.pod(2).address(), { count: 1 })).toMatchObject({ received: 1 });
    await mesh.lab.warren("control", "nodes", "revoke", revoked);
  });
  afterAll(() => mesh?.lab.close());

  it("is cut off by every other node at once, in both directions", async () => {
    await waitFor("the others to forget it", async () => {
      const views = await Promise.all([1, 3].map((number) => mesh.lab.agent(number).get<NodeInfo[]>("/v1/peers")));
      return views.every((peers) => peers.every((peer) => peer.name !== revoked));
    });
    const options = { count: 2, waitMs: 300 };
    expect(await ping(mesh.pod(1).netns, mesh.pod(2).address(), options)).toMatchObject({ received: 0 });
    expect(await ping(mesh.pod(2).netns, mesh.pod(1).address(), options)).toMatchObject({ received: 0 });
    expect(await ping(mesh.pod(1).netns, mesh.pod(3).address(), options)).toMatchObject({ received: 2 });
  });

  it("has no lease any more", async () => {
    const { leases } = await mesh.lab.warren<ControlIpam>("control", "ipam");
    expect(leases.map((lease) => lease.node)).not.toContain(revoked);
  });

  it("does not come back with its certificate, and is told why", async () => {
    const agent = mesh.lab.agent(2);
    await agent.stop();
    const from = agent.log().length;
    const running = await agent.launch();
    await waitFor("it to give up", () => !running.running, { timeoutMs: 30_000 });
    expect((await running.exited).code).toBe(EXIT.notAuthorised);
    expect(running.log().slice(from)).toMatch(/revoked/);
  });
});
