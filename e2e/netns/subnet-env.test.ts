import { existsSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { run } from "@warren/common/runtime/run.ts";
import { afterAll, beforeAll, expect, it } from "vitest";
import { uniqueLabName } from "../lab/lab.ts";
import { createMesh, DUAL_STACK, type Mesh } from "../lab/mesh.ts";
import { waitFor } from "../lab/wait-for.ts";
import { describeAsRoot } from "./as-root.ts";

/** Reads assignments as a script does that hands them to a bridge or to dockerd. */
const READS = '. "$1"; echo "$FLANNEL_NETWORK $FLANNEL_SUBNET $FLANNEL_IPV6_NETWORK $FLANNEL_IPV6_SUBNET $FLANNEL_MTU"';

describeAsRoot("subnet.env of a node", () => {
  let mesh: Mesh;
  beforeAll(async () => {
    mesh = await createMesh({ name: uniqueLabName("wl"), nodes: 2, pods: 0, control: { flags: DUAL_STACK } });
  });
  afterAll(() => mesh?.lab.close());

  const file = (host: number) => join(mesh.lab.agent(host).runDir, "subnet.env");
  const sourced = async (host: number) => (await run("sh", ["-eu", "-c", READS, "sh", file(host)])).stdout.trim();

  it("can be sourced, and says what the devices of the host have", async () => {
    expect(statSync(file(1)).mode & 0o777).toBe(0o644);
    const [network, subnet, network6, subnet6, mtu] = (await sourced(1)).split(" ");
    expect([network, network6]).toEqual(["10.244.0.0/16", "fd00:77::/48"]);
    const shown = await mesh.lab.host(1).run("ip", ["-o", "addr", "show", "dev", "warren0"]);
    expect(shown.stdout).toContain(` ${subnet!.split("/")[0]}/`);
    expect(shown.stdout).toContain(` ${subnet6!.split("/")[0]}/`);
    const link = await mesh.lab.host(1).run("ip", ["-o", "link", "show", "dev", "warren0"]);
    expect(link.stdout).toContain(`mtu ${mtu} `);
    expect(await sourced(2)).not.toBe(await sourced(1));
    // EnvironmentFile= knows assignments, and no shell: nothing may need one.
    for (const line of readFileSync(file(1), "utf8").trimEnd().split("\n"))
      expect(line).toMatch(/^FLANNEL_[A-Z0-9_]+=[\w.:,/]+$/);
  });

  it("follows the MTU when the cluster becomes a sealed one", async () => {
    expect(await sourced(1)).toMatch(/ 1450$/);
    await mesh.lab.warren("control", "cluster", "set", "cipher=aes-256-gcm");
    await waitFor("the MTU of a sealed cluster", async () => (await sourced(1)).endsWith(" 1440"));
  });

  it("stays when the agent stops, and goes when the node leaves", async () => {
    const before = await sourced(1);
    await mesh.lab.agent(1).stop();
    expect(await sourced(1)).toBe(before);
    await mesh.lab.agent(1).start();
    expect(await sourced(1)).toBe(before);
    await mesh.lab.warren(1, "leave");
    await mesh.lab.agent(1).process.exited;
    expect(existsSync(file(1))).toBe(false);
  });
});
