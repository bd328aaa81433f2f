import type { NodeInfo, TokenCreated, TokenInfo } from "@warren/common/api/types.ts";
import { EXIT } from "@warren/common/errors/codes.ts";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type AgentOptions, createLab, type Lab, uniqueLabName } from "../lab/lab.ts";
import { waitFor } from "../lab/wait-for.ts";
import { describeAsRoot } from "./as-root.ts";

describeAsRoot("a node that may not join", () => {
  let lab: Lab;
  let foreign: Lab;
  beforeAll(async () => {
    lab = await createLab({ name: uniqueLabName("wl"), nodes: 3 });
    await lab.startControl();
    await lab.startAgent(1);
    foreign = await createLab({ name: uniqueLabName("wl"), nodes: 1 });
    await foreign.startControl();
  });
  afterAll(async () => {
    await foreign?.close();
    await lab?.close();
  });

  /** Starts the agent of host 2 and returns how it ended and what it said. */
  const refused = async (options: AgentOptions) => {
    const agent = await lab.prepareAgent(2, options);
    const started = agent.log().length;
    const running = await agent.launch();
    const ended = await Promise.race([
      running.exited,
      waitFor("the agent to give up", () => false, { timeoutMs: 60_000 }),
    ]);
    return { code: (ended as { code: number }).code, said: running.log().slice(started) };
  };
  const wellFormed = (created: TokenCreated, secret: string) => created.token.replace(/[^.]+$/, secret);
  const states = async () =>
    Object.fromEntries(
      (await lab.warren<TokenInfo[]>("control", "token", "list")).map((token) => [token.id, token.state]),
    );

  it("with something that is no token is told so", async () => {
    const { code, said } = await refused({ token: "not-a-token" });
    expect(code).toBe(EXIT.notAuthorised);
    expect(said).toMatch(/token-malformed/);
  });

  it("with a wrong secret is refused, and the secret is not printed", async () => {
    const created = await lab.createToken();
    const token = wellFormed(created, "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA");
    const { code, said } = await refused({ token });
    expect(code).toBe(EXIT.notAuthorised);
    expect(said).toMatch(/token-unknown/);
    expect(said).not.toContain("AAAAAAAAAAAAAAAA");
    expect((await states())[created.id]).toBe("valid");
  });

  it("with an expired token is refused", async () => {
    const created = await lab.createToken("--ttl", "1s");
    await waitFor("the token to expire", async () => (await states())[created.id] === "expired");
    const { code, said } = await refused({ token: created.token });
    expect(code).toBe(EXIT.notAuthorised);
    expect(said).toMatch(/token-expired/);
  });

  it("with a token that another node used is refused", async () => {
    const created = await lab.createToken();
    await lab.startAgent(3, { token: created.token });
    const { code, said } = await refused({ token: created.token });
    expect(code).toBe(EXIT.notAuthorised);
    expect(said).toMatch(/token-used/);
    expect((await states())[created.id]).toBe("used");
  });

  it("with a revoked token is refused", async () => {
    const created = await lab.createToken();
    await lab.warren("control", "token", "revoke", created.id);
    const { code, said } = await refused({ token: created.token });
    expect(code).toBe(EXIT.notAuthorised);
    expect(said).toMatch(/token-revoked/);
  });

  it("with a token of another cluster never sends its secret", async () => {
    const created = await foreign.createToken();
    const { code, said } = await refused({ token: created.token });
    expect(code).toBe(EXIT.notAuthorised);
    expect(said).toMatch(/ca-mismatch/);
    expect(lab.controlPlane.log()).not.toContain(created.id);
  });

  it("under the name of another node is refused, and both are named", async () => {
    const nodeName = lab.host(1).netns;
    const { code, said } = await refused({ nodeName });
    expect(code).toBe(EXIT.conflict);
    expect(said).toMatch(/node-name-taken/);
    expect(said).toContain(nodeName);
    expect(said).toContain(lab.host(1).underlay);
    expect(said).toContain(lab.host(2).underlay);
  });

  it("at the underlay address of another node is refused, and both are named", async () => {
    const taken = lab.host(1).underlay;
    await lab.host(2).run("ip", ["address", "add", `${taken}/32`, "dev", "lo"]);
    const { code, said } = await refused({ underlay: taken });
    await lab.host(2).run("ip", ["address", "del", `${taken}/32`, "dev", "lo"]);
    expect(code).toBe(EXIT.conflict);
    expect(said).toMatch(/underlay-taken/);
    expect(said).toContain(taken);
    expect(said).toContain(lab.host(1).netns);
    expect(said).toContain(lab.host(2).netns);
  });

  it("because the control plane does not answer tries for a while, says so, and ends with 4", async () => {
    const created = await lab.createToken();
    await lab.controlPlane.stop();
    const { code, said } = await refused({ token: created.token });
    await lab.controlPlane.start();
    expect(code).toBe(EXIT.unreachable);
    expect(said).toContain(`${lab.control.underlay}:7443`);
  });

  it("leaves no trace in the mesh, and may join when it is set right", async () => {
    const names = async () => (await lab.warren<NodeInfo[]>("control", "nodes")).map((node) => node.name).sort();
    expect(await names()).toEqual([lab.host(1).netns, lab.host(3).netns]);
    const agent = await lab.startAgent(2, { dataDir: `${lab.directory}/set-right` });
    expect(agent.running).toBe(true);
    expect(await names()).toHaveLength(3);
  });
});
