import type { AgentStatus } from "@warren/common/api/types.ts";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { uniqueLabName } from "../lab/lab.ts";
import { ipBatch } from "../lab/netns.ts";
import { type LabPod, podProgram } from "../lab/pod.ts";
import { startStream } from "../lab/stream.ts";
import type { Supervised } from "../lab/supervised.ts";
import { createTwoSubnets, type TwoSubnets } from "../lab/two-subnets.ts";
import { waitFor } from "../lab/wait-for.ts";
import { describeAsRoot } from "./as-root.ts";

const MOVES = [
  { what: "another address of its subnet", subnet: "198.18.1", host: 77 },
  { what: "another subnet", subnet: "198.18.9", host: 11 },
] as const;

describe.each([
  { cipher: "none", dataplane: "tun" },
  { cipher: "aes-256-gcm", dataplane: "tun" },
  { cipher: "none", dataplane: "kernel" },
])("cipher $cipher, dataplane $dataplane", ({ cipher, dataplane }) => {
  describeAsRoot("a host whose underlay address changes", () => {
    let subnets: TwoSubnets;
    let near: LabPod;
    let far: LabPod;
    let counter: Supervised;
    let address: string;
    beforeAll(async () => {
      subnets = await createTwoSubnets(uniqueLabName("wl"), 2);
      const { lab, farUnderlay } = subnets;
      address = `${farUnderlay}/24`;
      await lab.startControl({ flags: ["--cipher", cipher] });
      for (const number of [1, 2])
        await lab.startAgent(number, { underlay: "auto", flags: ["--dataplane", dataplane] });
      [near, far] = [await lab.addPod(1, "near"), await lab.addPod(2, "far")];
      await lab.meshReady();
      const echo = await far.spawn(process.execPath, [podProgram("tcp-echo-server.mjs"), "7007"]);
      await waitFor("the server", () => echo.log().includes("listening"));
      counter = await near.spawn(process.execPath, [podProgram("tcp-counter.mjs"), far.address(), "7007"]);
      await waitFor("the first answers", () => counter.log().split("\n").length > 5);
    });
    afterAll(() => subnets?.lab.close());

    const statusOf = (number: number) => subnets.lab.agent(number).get<AgentStatus>("/v1/status");
    const farHost = () => subnets.lab.host(2).netns;

    it("is where the way to the control plane begins", async () => {
      expect((await statusOf(2)).node.underlayAddress).toBe(subnets.farUnderlay);
      expect((await statusOf(1)).node.underlayAddress).toBe(subnets.lab.host(1).underlay);
    });

    it.each(MOVES)("to $what goes on there, within seconds, with its connections", async ({ subnet, host }) => {
      const { lab, router } = subnets;
      const streams = [
        await startStream(near, far, { port: 7011, intervalMs: 5 }),
        await startStream(far, near, { port: 7012, intervalMs: 5 }),
      ];
      const next = `${subnet}.${host}/24`;
      if (!address.startsWith(`${subnet}.`)) {
        await ipBatch([`address add ${subnet}.254/24 dev eth1`], router);
        for (const node of [lab.control, lab.host(1)])
          await ipBatch([`route add ${subnet}.0/24 via 198.18.0.254`], node.netns);
      }
      // The default route goes with the last address of its subnet, as it does when a lease of DHCP ends.
      await ipBatch(
        [`address del ${address} dev eth0`, `address add ${next} dev eth0`, `route replace default via ${subnet}.254`],
        farHost(),
      );
      const changedMs = performance.now();
      const from = address.split("/")[0]!;
      address = next;
      const to = next.split("/")[0]!;
      const seen = counter.log().split("\n").length;
      await waitFor("TCP to go on", () => counter.log().split("\n").length > seen + 25, { timeoutMs: 30_000 });
      const tcpMs = Math.round(performance.now() - changedMs);
      for (const stream of streams) await stream.goesOn();
      const pauses = (await Promise.all(streams.map((stream) => stream.stop()))).map((result) => result.longestPauseMs);
      console.log(`${cipher}, ${dataplane}: UDP paused for ${pauses.join(" and ")} ms, TCP went on within ${tcpMs} ms`);
      expect(counter.running).toBe(true);
      const status = await statusOf(2);
      expect(status).toMatchObject({ ready: true, control: { connected: true }, node: { underlayAddress: to } });
      expect(status.warnings.join()).toContain(`changed from ${from} to ${to} (eth0)`);
    });

    it("and is gone names it, and goes on by itself when it is back", async () => {
      await ipBatch([`address del ${address} dev eth0`], farHost());
      await waitFor("the status to name it", async () =>
        (await statusOf(2)).warnings.some((line) => line.includes(`${address.split("/")[0]} is gone`)),
      );
      const gateway = address.replace(/\d+\/24$/, "254");
      await ipBatch([`address add ${address} dev eth0`, `route replace default via ${gateway}`], farHost());
      const seen = counter.log().split("\n").length;
      await waitFor("TCP to go on", () => counter.log().split("\n").length > seen + 25, { timeoutMs: 60_000 });
      await waitFor("the status to be clear of it", async () => {
        const { control, warnings } = await statusOf(2);
        return control.connected && !warnings.some((line) => line.includes("is gone"));
      });
    });
  });
});

describeAsRoot("a fixed underlay address that somebody takes away", () => {
  let subnets: TwoSubnets;
  beforeAll(async () => {
    subnets = await createTwoSubnets(uniqueLabName("wl"), 2);
    await subnets.lab.startControl();
    await subnets.lab.startAgent(1);
    await subnets.lab.startAgent(2, { underlay: subnets.farUnderlay });
  });
  afterAll(() => subnets?.lab.close());

  it("is named, with what to do, while another one is there, and goes on when it is back", async () => {
    const { lab, farUnderlay } = subnets;
    const { netns } = lab.host(2);
    await ipBatch([`address add 198.18.1.77/24 dev eth0`, `address del ${farUnderlay}/24 dev eth0`], netns).catch(
      () => {},
    );
    await ipBatch([`address replace 198.18.1.77/24 dev eth0`, "route replace default via 198.18.1.254"], netns);
    const agent = lab.agent(2);
    const line = await waitFor("the status to name it", async () =>
      (await agent.get<AgentStatus>("/v1/status")).warnings.find((text) => text.includes(farUnderlay)),
    );
    expect(line).toMatch(/on no interface of this host; it has .*198\.18\.1\.77.*put the address back.*underlay: auto/);
    await ipBatch([`address replace ${farUnderlay}/24 dev eth0`, "route replace default via 198.18.1.254"], netns);
    await waitFor("all to be well", async () => {
      const { control, warnings } = await agent.get<AgentStatus>("/v1/status");
      return control.connected && warnings.length === 0;
    });
    await lab.meshReady();
  });
});
