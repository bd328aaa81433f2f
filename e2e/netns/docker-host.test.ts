import type { PeerInfo } from "@warren/common/api/types.ts";
import { afterAll, beforeAll, expect, it } from "vitest";
import { uniqueLabName } from "../lab/lab.ts";
import { ping } from "../lab/measure.ts";
import { createMesh, type Mesh } from "../lab/mesh.ts";
import type { LabNode } from "../lab/node.ts";
import { waitFor } from "../lab/wait-for.ts";
import { describeAsRoot } from "./as-root.ts";

/** What dockerd does to a host: everything forwarded is dropped, after the administrator's chain had its say. */
async function becomeDockerHost(host: LabNode): Promise<void> {
  await host.run("iptables", ["-P", "FORWARD", "DROP"]);
  await host.tryRun("iptables", ["-N", "DOCKER-USER"]);
  await host.tryRun("iptables", ["-F", "DOCKER-USER"]);
  await host.run("iptables", ["-A", "DOCKER-USER", "-j", "RETURN"]);
  await host.tryRun("iptables", ["-D", "FORWARD", "-j", "DOCKER-USER"]);
  await host.run("iptables", ["-I", "FORWARD", "-j", "DOCKER-USER"]);
}

describeAsRoot("a host where Docker drops what is forwarded", () => {
  let mesh: Mesh;
  beforeAll(async () => {
    mesh = await createMesh({ name: uniqueLabName("wl"), nodes: 2, pods: 2 });
  });
  afterAll(() => mesh?.lab.close());

  const reaches = async () =>
    (await ping(mesh.pod(1).netns, mesh.pod(2).address(), { count: 1, waitMs: 300 })).received === 1 &&
    (await ping(mesh.pod(1).netns, mesh.pod(1, 2).address(), { count: 1, waitMs: 300 })).received === 1;

  it("forwards pod traffic when Docker was there first", async () => {
    for (const number of [1, 2]) {
      await mesh.lab.agent(number).stop();
      await becomeDockerHost(mesh.lab.host(number));
      await mesh.lab.agent(number).start();
    }
    await waitFor("pods to reach each other", reaches);
  });

  it("forwards again after Docker restarted and wrote its rules anew", async () => {
    for (const host of mesh.lab.hosts) await becomeDockerHost(host);
    await waitFor("pods to reach each other again", reaches, { timeoutMs: 60_000 });
  });

  it("forwards what is routed plainly as well", async () => {
    await mesh.lab.warren("control", "cluster", "set", "encapsulation=cross-subnet");
    for (const number of [1, 2])
      await waitFor("the plain routes", async () =>
        (await mesh.lab.warren<PeerInfo[]>(number, "peers")).every((peer) => peer.path === "direct"),
      );
    expect(await reaches()).toBe(true);
  });

  it("drops everything else that is forwarded, as before", async () => {
    const { stdout } = await mesh.lab.host(1).run("iptables", ["-S", "FORWARD"]);
    expect(stdout).toContain("-P FORWARD DROP");
  });
}, ["iptables"]);
