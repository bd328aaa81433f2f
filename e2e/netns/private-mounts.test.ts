import { existsSync } from "node:fs";
import type { PodInfo } from "@warren/common/api/types.ts";
import { afterAll, beforeAll, expect, it } from "vitest";
import { createLab, type Lab, uniqueLabName } from "../lab/lab.ts";
import { ping } from "../lab/measure.ts";
import { WARREN } from "../lab/warren-process.ts";
import { describeAsRoot } from "./as-root.ts";

describeAsRoot("an agent with a mount namespace of its own, as `ip netns exec` gives it", () => {
  let lab: Lab;
  beforeAll(async () => {
    lab = await createLab({ name: uniqueLabName("wl"), nodes: 1 });
    await lab.startControl();
    await lab.startAgent(1, { privateMounts: true });
  });
  afterAll(() => lab?.close());

  it("makes pods that the whole machine sees, and that outlive it", async () => {
    const [one, two] = [await lab.addPod(1, "one"), await lab.addPod(1, "two", "--", "sleep", "1000")];
    for (const pod of [one, two]) expect(existsSync(pod.netns), pod.netns).toBe(true);
    expect(await ping(one.netns, two.address(), { count: 1 })).toMatchObject({ received: 1 });
    await lab.agent(1).kill();
    expect(existsSync(one.netns)).toBe(true);
    await lab.agent(1).start();
    expect(await ping(one.netns, two.address(), { count: 1 })).toMatchObject({ received: 1 });
  });

  it("whose pods are entered by a command with mounts of its own", async () => {
    const agent = lab.agent(1);
    const exec = ["pod", "exec", "one", "--run-dir", agent.runDir, "--", "ip", "-o", "-4", "address", "show", "eth0"];
    const { stdout } = await lab.host(1).run("unshare", ["--mount", WARREN, ...exec]);
    expect(stdout).toContain("10.244.");
  });

  it("removes its pods for the whole machine", async () => {
    const pods = await lab.warren<PodInfo[]>(1, "pod", "list");
    for (const pod of pods) {
      await lab.warren(1, "pod", "del", pod.name);
      expect(existsSync(pod.netns)).toBe(false);
    }
  });
});
