import type { StageCosts } from "@warren/common/api/types.ts";
import { afterAll, beforeAll, expect, it } from "vitest";
import { uniqueLabName } from "../lab/lab.ts";
import { createMesh, type Mesh } from "../lab/mesh.ts";
import { podProgram } from "../lab/pod.ts";
import { waitFor } from "../lab/wait-for.ts";
import { describeAsRoot } from "./as-root.ts";

const PORT = 5001;
const SECONDS = 2;

/** Stages of a direction, over all workers, without `wait`. */
const passed = ({ workers }: StageCosts, direction: "egress" | "ingress") =>
  workers
    .flatMap(({ stages }) => stages)
    .filter((each) => each.direction === direction)
    .map(({ stage }) => stage);

describeAsRoot("the stages of a live mesh", () => {
  let mesh: Mesh;
  beforeAll(async () => {
    mesh = await createMesh({ name: uniqueLabName("wl"), nodes: 2 });
  });
  afterAll(() => mesh?.lab.close());

  const bothNodes = () =>
    Promise.all([1, 2].map((node) => mesh.lab.warren<StageCosts>(node, "stages", "--seconds", String(SECONDS))));

  it("add up to the CPU time of the threads while a stream flows, at both ends", async () => {
    const [client, server] = [mesh.pod(1), mesh.pod(2)];
    const listening = await server.spawn(process.execPath, [podProgram("tcp-digest-server.mjs"), String(PORT)]);
    await waitFor("the server to listen", () => listening.log().includes("listening"));
    // More than it can send meanwhile.
    const args = [podProgram("tcp-digest-client.mjs"), server.address(4), String(PORT), "100000"];
    const sending = await client.spawn(process.execPath, args);
    try {
      const [sender, receiver] = (await bothNodes()) as [StageCosts, StageCosts];
      expect(sender.egress.packets).toBeGreaterThan(10_000);
      expect(receiver.ingress.packets).toBeGreaterThan(10_000);
      // Of two workers, the one that only carries acknowledgements has little to tell.
      const busy = [sender, receiver].flatMap(({ workers }) => workers).filter(({ cpuNs }) => cpuNs > SECONDS * 1e8);
      expect(busy.length).toBeGreaterThanOrEqual(2);
      for (const { accounted, ownNs, cpuNs } of busy) {
        expect(accounted).toBeGreaterThan(0.9);
        expect(accounted).toBeLessThan(1.1);
        expect(ownNs).toBeLessThan(cpuNs * 0.1);
      }
      expect(passed(sender, "egress").join(" ")).toBe("read parse lookup police segment encapsulate join send");
      expect(passed(receiver, "ingress").join(" ")).toBe("receive sender decapsulate police coalesce write");
      expect(sending.running).toBe(true);
    } finally {
      await sending.end();
      await listening.end();
    }
  });

  it("are not asked for twice at a time, and an idle node has none to show but its waits", async () => {
    const both = await Promise.all([1, 2].map(() => mesh.lab.tryWarren(1, "stages", "--seconds", "3")));
    const served = both.find(({ code }) => code === 0);
    const refused = both.find(({ code }) => code !== 0);
    expect(refused).toMatchObject({ code: 6, stderr: expect.stringContaining("another caller") });
    const { egress, ingress, workers } = JSON.parse(served!.stdout) as StageCosts;
    expect([egress.packets, ingress.packets]).toEqual([0, 0]);
    const figures = workers.flatMap(({ stages }) => stages.map(({ nsPerPacket }) => nsPerPacket));
    expect(figures.every((figure) => figure === null)).toBe(true);
  });
});
