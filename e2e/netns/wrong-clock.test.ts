import type { AgentStatus } from "@warren/common/api/types.ts";
import { EXIT } from "@warren/common/errors/codes.ts";
import { afterAll, beforeAll, expect, it } from "vitest";
import { createLab, type Lab, uniqueLabName } from "../lab/lab.ts";
import { ping } from "../lab/measure.ts";
import type { LabPod } from "../lab/pod.ts";
import { waitFor } from "../lab/wait-for.ts";
import { faketimeLibrary, WrongClock } from "../lab/wrong-clock.ts";
import { describeAsRoot } from "./as-root.ts";

const programs = faketimeLibrary() ? [] : ["libfaketime"];

describeAsRoot(
  "a host whose clock is off",
  () => {
    let lab: Lab;
    let clock: WrongClock;
    let pods: LabPod[];
    beforeAll(async () => {
      lab = await createLab({ name: uniqueLabName("wl"), nodes: 3 });
      clock = new WrongClock(lab.directory, "host-2");
      await lab.startControl({ flags: ["--cipher", "aes-256-gcm"] });
      await lab.startAgent(1);
      await lab.startAgent(2, { env: clock.env });
      pods = [await lab.addPod(1, "a"), await lab.addPod(2, "b")];
      await lab.meshReady();
    });
    afterAll(() => lab?.close());

    const statusOf = (number: number) => lab.agent(number).get<AgentStatus>("/v1/status");
    const reach = () =>
      waitFor(
        "the pods to reach each other",
        async () => (await ping(pods[0]!.netns, pods[1]!.address(), { count: 1, waitMs: 300 })).received === 1,
        { timeoutMs: 60_000 },
      );
    const isWell = async () => {
      const { control, warnings } = await statusOf(2);
      // That the clock was set is told for a while.
      return control.connected && warnings.every((line) => line.includes("jumped"));
    };

    it.each([
      ["-1d", /the clock of this host is (1 d|23 h 59 min) behind the control plane's; set it/],
      ["+40d", /the clock of this host is (40 d|39 d 23 h) ahead of the control plane's; set it/],
    ])(
      "by %s starts from its disk, says exactly how far it is off, and recovers when it is set",
      async (offset, said) => {
        await lab.agent(2).stop();
        clock.set(offset);
        await lab.agent(2).start();
        const { control, netmap, warnings } = await statusOf(2);
        expect({ connected: control.connected, source: netmap.source }).toEqual({ connected: false, source: "disk" });
        expect(warnings.filter((line) => said.test(line))).toHaveLength(1);
        clock.set("+0");
        await waitFor("all to be well", isWell, { timeoutMs: 60_000 });
        await reach();
      },
    );

    it("by a day ahead while it runs is told so, goes on, and makes new sealed sessions", async () => {
      clock.set("+1d");
      await waitFor("the status to say so", async () =>
        (await statusOf(2)).warnings.some((line) => /is (1 d|23 h 59 min) ahead of the control plane's/.test(line)),
      );
      // Sessions anew, dated a day ahead but for the control plane's clock.
      await lab.agent(1).restart();
      await reach();
      expect((await statusOf(2)).control.connected).toBe(true);
      clock.set("+0");
      await waitFor("all to be well", isWell, { timeoutMs: 60_000 });
      await reach();
    });

    it("cannot join, is told why, and keeps its token for when the clock is set", async () => {
      const { token } = await lab.createToken();
      const late = new WrongClock(lab.directory, "host-3");
      late.set("-1d");
      const agent = await lab.prepareAgent(3, { token, env: late.env });
      const running = await agent.launch();
      await waitFor("it to give up", () => !running.running, { timeoutMs: 30_000 });
      expect((await running.exited).code).toBe(EXIT.notAuthorised);
      expect(running.log()).toMatch(
        /clock of this host is (1 d|23 h 59 min) behind the control plane's; set it.*clock-off/,
      );
      late.set("+0");
      await agent.start();
      expect((await statusOf(3)).ready).toBe(true);
    });
  },
  programs,
);
