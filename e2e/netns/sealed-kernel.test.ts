import type { DataplaneInfo } from "@warren/common/api/types.ts";
import { EXIT } from "@warren/common/errors/codes.ts";
import { afterAll, beforeAll, expect, it } from "vitest";
import { startCapture } from "../interop/capture.ts";
import { findClearText } from "../lab/clear-text.ts";
import { uniqueLabName } from "../lab/lab.ts";
import { ping } from "../lab/measure.ts";
import { createMesh, type Mesh } from "../lab/mesh.ts";
import { readDatagrams } from "../lab/pcap.ts";
import { startStream } from "../lab/stream.ts";
import { waitFor } from "../lab/wait-for.ts";
import { describeAsRoot } from "./as-root.ts";

const MARKER = "clear-kernel-";

describeAsRoot("a packet path in the kernel, which cannot seal", () => {
  let mesh: Mesh;
  beforeAll(async () => {
    const agents = { 1: { flags: ["--dataplane", "kernel"] } };
    mesh = await createMesh({ name: uniqueLabName("wl"), nodes: 2, agents });
  });
  afterAll(() => mesh?.lab.close());

  const kindOf = async (host: number) => (await mesh.lab.warren<DataplaneInfo>(host, "dataplane")).dataplane;
  const reaches = (from: number, to: number) =>
    waitFor(
      `host ${from} to reach host ${to}`,
      async () => (await ping(mesh.pod(from).netns, mesh.pod(to).address(), { count: 1, waitMs: 500 })).received === 1,
    );
  const isOpen = async (host: number, port: number) =>
    (await mesh.lab.host(host).run("ss", ["-Hlun", "sport", "=", `:${port}`])).stdout.trim() !== "";
  const set = (cipher: string) => mesh.lab.warren("control", "cluster", "set", `cipher=${cipher}`);

  it("is left as soon as the cluster is sealed, and nothing is in the clear once the change is over", async () => {
    // Rotated before, so that the path that comes must have the keys of now.
    await mesh.lab.warren(1, "keys", "rotate", "--now");
    expect(await kindOf(1)).toBe("kernel");
    const stream = await startStream(mesh.pod(1), mesh.pod(2), { port: 7200, marker: MARKER });
    await set("chacha20-poly1305");
    await waitFor("the other packet path", async () => (await kindOf(1)) === "tun");
    for (const host of [1, 2]) await waitFor("the end of the change", async () => !(await isOpen(host, 4789)));
    const capture = await startCapture(mesh.lab, mesh.lab.host(2), "");
    await stream.goesOn();
    await waitFor("the stream to be captured", () => readDatagrams(capture.path).length > 100);
    const path = await capture.stop();
    const { sent, lost, longestPauseMs } = await stream.stop();
    console.log(`kernel → sealed: ${lost} of ${sent} datagrams lost, longest pause ${longestPauseMs.toFixed(0)} ms`);
    const addresses = mesh.pods.flatMap((pod) => pod.addresses);
    const { frames, finds } = findClearText(path, { markers: [MARKER], addresses });
    expect(frames).toBeGreaterThan(100);
    expect(finds.slice(0, 3)).toEqual([]);
    for (const [from, to] of [[1, 2] as const, [2, 1] as const]) await reaches(from, to);
  });

  it("does not come back while the cluster is sealed, also when asked for", async () => {
    const refused = await mesh.lab.tryWarren(1, "dataplane", "set", "kernel");
    expect(refused.code).toBe(EXIT.usage);
    expect(refused.stderr).toMatch(/sends in the clear.*dataplane: tun/);
    expect(await kindOf(1)).toBe("tun");
  });

  it("gave way to one that hears of new keys: a peer that starts afterwards finds its way", async () => {
    await mesh.lab.warren(1, "keys", "rotate", "--now");
    await mesh.lab.agent(2).kill();
    await mesh.lab.agent(2).start();
    await reaches(2, 1);
    await reaches(1, 2);
  });

  it("is no way to start in a sealed cluster: the agent says so and ends", async () => {
    const agent = mesh.lab.agent(1);
    await agent.stop();
    const from = agent.log().length;
    const running = await agent.launch();
    await waitFor("it to give up", () => !running.running);
    expect((await running.exited).code).toBe(EXIT.usage);
    expect(running.log().slice(from)).toMatch(
      /dataplane: kernel sends in the clear.*chacha20-poly1305.*dataplane: tun/s,
    );
  });

  it("comes again with the next start once the cluster is plain, over pods that are as they were", async () => {
    await set("none");
    await mesh.lab.agent(1).start();
    expect(await kindOf(1)).toBe("kernel");
    for (const host of [1, 2]) await waitFor("the end of the change", async () => !(await isOpen(host, 51820)));
    await reaches(1, 2);
    await reaches(2, 1);
  });
}, ["tcpdump", "ss"]);
