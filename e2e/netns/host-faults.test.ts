import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { AgentStatus, PodInfo } from "@warren/common/api/types.ts";
import { EXIT } from "@warren/common/errors/codes.ts";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createLab, type Lab, uniqueLabName } from "../lab/lab.ts";
import { ping } from "../lab/measure.ts";
import { createMesh, type Mesh } from "../lab/mesh.ts";
import { podProgram } from "../lab/pod.ts";
import type { Supervised } from "../lab/supervised.ts";
import { waitFor } from "../lab/wait-for.ts";
import { WARREN, type WarrenProcess } from "../lab/warren-process.ts";
import { describeAsRoot } from "./as-root.ts";

/** How a process that should give up ended, and what it said since `from`. */
async function ending(process: Supervised, from = 0): Promise<{ code: number | null; said: string }> {
  await waitFor(`${process.what} to give up`, () => !process.running);
  return { code: (await process.exited).code, said: process.log().slice(from) };
}

async function launchAndEnd(process: WarrenProcess) {
  const from = process.running ? 0 : tryLog(process).length;
  return ending(await process.launch(), from);
}

function tryLog(process: WarrenProcess): string {
  try {
    return readFileSync(process.logFile, "utf8");
  } catch {
    return "";
  }
}

describeAsRoot("a host that cannot run an agent", () => {
  let lab: Lab;
  beforeAll(async () => {
    lab = await createLab({ name: uniqueLabName("wl"), nodes: 2 });
    await lab.startControl();
  });
  afterAll(() => lab?.close());

  const flags = async () => {
    const { token } = await lab.createToken();
    const [host, home] = [lab.host(1), join(lab.directory, "by-hand")];
    const endpoint = ["--control", `${lab.control.underlay}:7443`, "--token", token];
    return [
      "agent",
      ...endpoint,
      "--underlay",
      host.underlay,
      "--data-dir",
      join(home, "d"),
      "--run-dir",
      join(home, "r"),
    ];
  };

  it("because the VXLAN port is taken says which, and ends with 1", async () => {
    const host = lab.host(1);
    const holder = await host.spawn(process.execPath, [podProgram("udp-listen.mjs"), "4789"]);
    await waitFor("the holder of the port", () => holder.log().includes("listening"));
    const { code, said } = await launchAndEnd(await lab.prepareAgent(1));
    await holder.end();
    expect(code).toBe(EXIT.error);
    expect(said).toMatch(/port-in-use/);
    expect(said).toContain("4789");
  });

  it("because there is no /dev/net/tun says what to do, and ends with 1", async () => {
    const inside = ["-t", "tmpfs", "none", "/dev/net", "--", WARREN, ...(await flags())];
    const agent = await lab
      .host(1)
      .spawn("unshare", ["--mount", process.execPath, podProgram("in-private-mounts.mjs"), ...inside]);
    const { code, said } = await ending(agent);
    expect(code).toBe(EXIT.error);
    expect(said).toMatch(/tun-missing/);
    expect(said).toContain("/dev/net/tun");
  });

  it("because it is not root says so, and ends with 1", async () => {
    // It may read what root may: a checkout can lie where nobody else looks.
    const caps = "-all,+dac_read_search,+dac_override";
    const user = ["--reuid", "65534", "--regid", "65534", "--clear-groups", "--inh-caps", caps, "--ambient-caps", caps];
    const { code, said } = await ending(await lab.host(1).spawn("setpriv", [...user, WARREN, ...(await flags())]));
    expect(code).toBe(EXIT.error);
    expect(said).toMatch(/not-root|root/);
  });

  it("because the underlay address is not its own says which it has", async () => {
    const { code, said } = await launchAndEnd(await lab.prepareAgent(1, { underlay: "198.18.0.250" }));
    expect(code).toBe(EXIT.error);
    expect(said).toMatch(/address-not-local/);
    expect(said).toContain("198.18.0.250");
    expect(said).toContain(lab.host(1).underlay);
  });

  it("may run one as soon as it is put right", async () => {
    const agent = await lab.startAgent(1);
    expect((await agent.get<AgentStatus>("/v1/status")).ready).toBe(true);
  });

  it("with a second agent on the same directories is refused", async () => {
    const first = lab.agent(1);
    const second = await lab
      .host(1)
      .spawn(WARREN, [
        ...["agent", "--control", `${lab.control.underlay}:7443`, "--underlay", lab.host(1).underlay],
        ...["--data-dir", first.dataDir, "--run-dir", first.runDir],
      ]);
    const { code, said } = await ending(second);
    expect([EXIT.conflict, EXIT.error]).toContain(code);
    expect(said).toMatch(/already-running|port-in-use/);
    expect((await first.get<AgentStatus>("/v1/status")).ready).toBe(true);
  });

  it("with a control plane's port taken says which, and ends with 1", async () => {
    const home = join(lab.directory, "second-control");
    const control = await lab.control.spawn(WARREN, [
      ...["control", "--listen", `${lab.control.underlay}:7443`, "--http", "127.0.0.1:7499"],
      ...["--data-dir", join(home, "d"), "--run-dir", join(home, "r")],
    ]);
    const { code, said } = await ending(control);
    expect(code).toBe(EXIT.error);
    expect(said).toMatch(/port-in-use/);
    expect(said).toContain("7443");
  });
});

describeAsRoot("state on disk", () => {
  let mesh: Mesh;
  beforeAll(async () => {
    mesh = await createMesh({ name: uniqueLabName("wl"), nodes: 2 });
  });
  afterAll(() => mesh?.lab.close());

  const filesBelow = (directory: string) =>
    readdirSync(directory, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name))
      .filter((path) => statSync(path).size > 0);

  describe.each(["agent", "control"] as const)("of the %s", (role) => {
    const subject = () => (role === "agent" ? mesh.lab.agent(1) : mesh.lab.controlPlane);

    it("that is damaged is refused with the way out, and never recreated", async () => {
      await subject().stop();
      // Temporary files and logs of the database are not state by themselves.
      const paths = filesBelow(subject().dataDir).filter((path) => !/-(wal|shm)$|\.lock$|\.pid$|\.log$/.test(path));
      expect(paths.length).toBeGreaterThan(0);
      for (const path of paths) {
        const whole = readFileSync(path);
        const damaged = Buffer.concat([Buffer.from("damaged"), whole.subarray(7, Math.ceil(whole.length / 2))]);
        writeFileSync(path, damaged);
        const { code, said } = await launchAndEnd(subject());
        expect({ path, code }).toEqual({ path, code: EXIT.error });
        expect(said, path).toMatch(/state-corrupt/);
        expect(said).toContain(path);
        expect(readFileSync(path).equals(damaged), `${path} unchanged`).toBe(true);
        writeFileSync(path, whole);
      }
      await subject().start();
      await mesh.lab.meshReady();
      expect(await ping(mesh.pod(1).netns, mesh.pod(2).address(), { count: 2 })).toMatchObject({ received: 2 });
    });
  });
});

describeAsRoot("a full disk", () => {
  let lab: Lab;
  beforeAll(async () => {
    lab = await createLab({ name: uniqueLabName("wl"), nodes: 1 });
  });
  afterAll(() => lab?.close());

  const fill = (directory: string) => {
    const block = Buffer.alloc(4096);
    for (let index = 0; ; index++)
      try {
        writeFileSync(join(directory, `ballast-${index}`), block);
      } catch {
        return;
      }
  };
  const empty = async (directory: string) => {
    const ballast = readdirSync(directory).filter((name) => name.startsWith("ballast"));
    await lab.control.run("rm", ["-f", ...ballast.map((name) => join(directory, name))]);
  };

  it("under the control plane fails what must be written, loses nothing, and heals with the room", async () => {
    const dataDir = await lab.mountTmpfs("control-disk", 2048);
    await lab.startControl({ dataDir });
    const before = await lab.createToken();
    fill(dataDir);
    const failed = await lab.tryWarren("control", "token", "create");
    expect(failed.code).toBe(EXIT.error);
    expect(failed.stderr).toMatch(/disk-full/);
    await empty(dataDir);
    await lab.createToken();
    await lab.controlPlane.restart();
    const tokens = await lab.warren<{ id: string }[]>("control", "token", "list");
    expect(tokens.map((token) => token.id)).toContain(before.id);
    expect(tokens).toHaveLength(2);
  });

  it("under the agent fails a pod add, keeps the pods there are, and heals with the room", async () => {
    const dataDir = await lab.mountTmpfs("agent-disk", 1024);
    await lab.startAgent(1, { dataDir });
    const pod = await lab.addPod(1, "before");
    fill(dataDir);
    const failed = await lab.tryWarren(1, "pod", "add", "too-late");
    expect(failed.code).toBe(EXIT.error);
    expect(failed.stderr).toMatch(/disk-full/);
    expect(await ping(lab.host(1).netns, pod.address(), { count: 1 })).toMatchObject({ received: 1 });
    await lab.agent(1).kill();
    await empty(dataDir);
    await lab.agent(1).start();
    const pods = await lab.warren<PodInfo[]>(1, "pod", "list");
    expect(pods).toMatchObject([{ name: "before", addresses: pod.addresses }]);
    await lab.addPod(1, "after");
  });
});
