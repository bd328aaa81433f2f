import type { AgentStatus, NodeInfo } from "@warren/common/api/types.ts";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { uniqueLabName } from "../lab/lab.ts";
import { createMesh, type Mesh } from "../lab/mesh.ts";
import { podProgram } from "../lab/pod.ts";
import { startStream } from "../lab/stream.ts";
import { waitFor } from "../lab/wait-for.ts";
import { describeAsRoot } from "./as-root.ts";

describe.each(["none", "aes-256-gcm"])("cipher %s", (cipher) => {
  describeAsRoot("an agent that is stopped (SIGSTOP) for longer than the liveness time", () => {
    let mesh: Mesh;
    beforeAll(async () => {
      mesh = await createMesh({
        ...{ name: uniqueLabName("wl"), nodes: 2, control: { flags: ["--cipher", cipher] } },
      });
    });
    afterAll(() => mesh?.lab.close());

    const stateOf = async (name: string) =>
      (await mesh.lab.warren<NodeInfo[]>("control", "nodes")).find((node) => node.name === name)?.state;

    it("goes on when it is continued, says how long it stood still, and its pods keep their connections", async () => {
      const { lab } = mesh;
      const [near, far] = [mesh.pod(1), mesh.pod(2)];
      const name = lab.host(2).netns;
      const echo = await far.spawn(process.execPath, [podProgram("tcp-echo-server.mjs"), "7007"]);
      await waitFor("the server", () => echo.log().includes("listening"));
      const counter = await near.spawn(process.execPath, [podProgram("tcp-counter.mjs"), far.address(), "7007"]);
      await waitFor("the first answers", () => counter.log().split("\n").length > 5);
      const stream = await startStream(near, far, { port: 7011, intervalMs: 10 });
      const agent = lab.agent(2);
      agent.process.signal("SIGSTOP");
      try {
        await waitFor("the node to be down", async () => (await stateOf(name)) === "down", { timeoutMs: 30_000 });
        // Longer than an agent may be late.
        const stoppedMs = performance.now();
        await waitFor("a little more", () => performance.now() - stoppedMs > 3_000);
      } finally {
        agent.process.signal("SIGCONT");
      }
      const continuedMs = performance.now();
      await waitFor("the node to be ready", async () => (await stateOf(name)) === "ready");
      console.log(`${cipher}: ready ${Math.round(performance.now() - continuedMs)} ms after SIGCONT`);
      const seen = counter.log().split("\n").length;
      await waitFor("TCP to go on", () => counter.log().split("\n").length > seen + 25, { timeoutMs: 60_000 });
      await stream.goesOn();
      const { longestPauseMs } = await stream.stop();
      console.log(`${cipher}: UDP paused for ${Math.round(longestPauseMs)} ms`);
      expect(counter.running).toBe(true);
      const { ready, control, warnings } = await agent.get<AgentStatus>("/v1/status");
      expect({ ready, connected: control.connected }).toEqual({ ready: true, connected: true });
      expect(warnings).toEqual([expect.stringMatching(/^this agent did not run from .* to .* \(\d+ s\)/)]);
    });
  });
});
