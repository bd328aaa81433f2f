import { cpSync } from "node:fs";
import type { AgentStatus, NodeInfo } from "@warren/common/api/types.ts";
import { EXIT } from "@warren/common/errors/codes.ts";
import { afterAll, beforeAll, expect, it } from "vitest";
import { uniqueLabName } from "../lab/lab.ts";
import { createMesh, type Mesh } from "../lab/mesh.ts";
import { startStream } from "../lab/stream.ts";
import { waitFor } from "../lab/wait-for.ts";
import { describeAsRoot } from "./as-root.ts";

const IN_USE = /identity-in-use|identity of node/;

describeAsRoot("a host whose state directory was copied to a second one", () => {
  let mesh: Mesh;
  beforeAll(async () => {
    mesh = await createMesh({ name: uniqueLabName("wl"), nodes: 3 });
  });
  afterAll(() => mesh?.lab.close());

  const nodeOf = async (name: string) =>
    (await mesh.lab.warren<NodeInfo[]>("control", "nodes")).find((node) => node.name === name);

  it("refuses the second, names both, and loses nothing of the first", async () => {
    const { lab } = mesh;
    const [first, other] = [lab.host(1), lab.host(3)];
    const stream = await startStream(mesh.pod(1), mesh.pod(2), { port: 7001 });
    await lab.agent(3).stop();
    const copied = await lab.prepareAgent(3, { nodeName: first.netns, token: "not needed" });
    cpSync(lab.agent(1).dataDir, copied.dataDir, { recursive: true, force: true });
    const running = await copied.launch();
    await waitFor("the copy to give up", () => !running.running, { timeoutMs: 60_000 });
    expect((await running.exited).code).toBe(EXIT.conflict);
    const said = running.log();
    expect(said).toMatch(/identity-in-use/);
    expect(said).toMatch(new RegExp(`at ${first.underlay} has it, so host .* at ${other.underlay} cannot`));
    expect(said).toMatch(/remove its state directory.*new token/);
    expect(await nodeOf(first.netns)).toMatchObject({ underlayAddress: first.underlay, state: "ready" });

    await waitFor("the first to be told", async () => {
      const { ready, warnings } = await lab.agent(1).get<AgentStatus>("/v1/status");
      return ready && warnings.some((line) => line.includes(`at ${other.underlay}, uses this node's identity`));
    });
    await stream.goesOn();
    const { lost, sent } = await stream.stop();
    console.log(`${lost} of ${sent} datagrams lost while a copy tried`);
    expect(lost).toBe(0);
  });

  it("lets the same host in again at once after kill -9", async () => {
    const agent = mesh.lab.agent(1);
    await agent.kill();
    const from = agent.log().length;
    await agent.start();
    expect(agent.log().slice(from)).not.toMatch(IN_USE);
  });

  it("waits, and says so, while the control plane still has the connection of a run that lost its power", async () => {
    const { lab } = mesh;
    const [agent, host] = [lab.agent(1), lab.host(1)];
    const { stdout } = await host.run("ss", ["-Htn", "state", "established", "dport", "=", ":7443"]);
    const ports = [...stdout.matchAll(/:(\d+)\s+\S+:7443/g)].map((match) => match[1]!);
    expect(ports.length).toBeGreaterThan(0);
    // What its kernel would still say of the connection never arrives, as when the whole machine is off.
    const rule = `tcp sport { ${ports.join(", ")} } drop`;
    const chain = `chain in {\n type filter hook input priority 0; policy accept;\n ${rule}\n}`;
    const input = `table inet lab_power_cut {\n ${chain}\n}\n`;
    await lab.control.run("nft", ["-f", "-"], { input });
    await agent.kill();
    const from = agent.log().length;
    const startedMs = performance.now();
    await agent.start(40_000);
    console.log(`let in again after ${Math.round(performance.now() - startedMs)} ms`);
    expect(agent.log().slice(from)).toMatch(/this node's identity is in use, waiting/);
    expect((await agent.get<AgentStatus>("/v1/status")).warnings).toEqual([]);
    await lab.control.run("nft", ["delete", "table", "inet", "lab_power_cut"]);
  });
});
