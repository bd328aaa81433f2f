import type { DirectionCosts, StageCosts } from "@warren/common/api/types.ts";
import { afterAll, beforeAll, expect, it } from "vitest";
import { uniqueLabName } from "../lab/lab.ts";
import { createMesh, type Mesh } from "../lab/mesh.ts";
import { podProgram } from "../lab/pod.ts";
import { waitFor } from "../lab/wait-for.ts";
import { describeAsRoot } from "./as-root.ts";

const PORT = 5001;
const SECONDS = 2;

const names = ({ stages }: DirectionCosts) => stages.map(({ stage }) => stage);

describeAsRoot("the stages of a live mesh", () => {
  let mesh: Mesh;
  beforeAll(async () => {
    mesh = await createMesh({ name: uniqueLabName("wl"), nodes: 2 });
  });
  afterAll(() => mesh?.lab.close());

  const bothNodes = () =>
    Promise.all([1, 2].map((node) => mesh.lab.warren<StageCosts>(node, "stages", "--seconds", String(SECONDS))));

  it("add up to the CPU time of the threads while a stream flows, in both directions at both ends", async () => {
    const [client, server] = [mesh.pod(1), mesh.pod(2)];
    const listening = await server.spawn(process.execPath, [podProgram("tcp-digest-server.mjs"), String(PORT)]);
    await waitFor("the server to listen", () => listening.log().includes("listening"));
    // More than it can send meanwhile.
    const args = [podProgram("tcp-digest-client.mjs"), server.address(4), String(PORT), "100000"];
    const sending = await client.spawn(process.execPath, args);
    try {
      const [sender, receiver] = (await bothNodes()) as [StageCosts, StageCosts];
      for (const { egress, ingress } of [sender, receiver])
        for (const costs of [egress, ingress]) {
          expect(costs.packets).toBeGreaterThan(100);
          expect(costs.accounted).toBeGreaterThan(0.9);
          expect(costs.accounted).toBeLessThan(1.1);
          expect(costs.ownNs).toBeLessThan(costs.cpuNs * 0.1);
        }
      expect(names(sender.egress)).toEqual([
        "wait",
        "read",
        "parse",
        "lookup",
        "police",
        "segment",
        "encapsulate",
        "join",
        "send",
      ]);
      expect(names(receiver.ingress)).toEqual([
        "wait",
        "receive",
        "sender",
        "decapsulate",
        "police",
        "coalesce",
        "write",
      ]);
      expect(sending.running).toBe(true);
    } finally {
      await sending.end();
      await listening.end();
    }
  });

  it("are not asked for twice at a time, and an idle node has none to show but its waits", async () => {
    const first = mesh.lab.warren<StageCosts>(1, "stages", "--seconds", "3");
    await waitFor("the second to be refused", async () => {
      const { code, stderr } = await mesh.lab.tryWarren(1, "stages", "--seconds", "1");
      return code === 6 && /another caller/.test(stderr);
    });
    const { egress } = await first;
    expect(egress.packets).toBe(0);
    expect(egress.stages.every(({ nsPerPacket }) => nsPerPacket === null)).toBe(true);
  });
});
