import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { MeshView } from "@warren/common/api/mesh-view.ts";
import type { AgentStatus, NodeInfo, PeerInfo, PodInfo } from "@warren/common/api/types.ts";
import { tryRun } from "@warren/common/runtime/run.ts";
import { afterAll, beforeAll, expect, it, type TestContext } from "vitest";
import { waitFor } from "../lab/wait-for.ts";
import { describeAsRoot } from "../netns/as-root.ts";
import { findChromium, launchBrowser } from "../page/browser.ts";
import { importBaseImages } from "./base-images.ts";
import { Demo, ROOT } from "./demo.ts";
import type { Engine } from "./engine.ts";
import { footprint } from "./footprint.ts";
import { listenInside, portInside } from "./port-inside.ts";
import { makeEngine, removeEngine } from "./private-engine.ts";

const HOSTS = ["host-a", "host-b", "host-c"] as const;
const PAGE_PORT = 8480;
/** The self-test that the README tells users to run. */
const SELF_TEST = ["warren", "test"] as const;

describeAsRoot("the compose demo, on an engine of its own", () => {
  let engine: Engine | undefined;
  let demo: Demo;
  let before: string[];
  const pictures = fileURLToPath(new URL("../../.cache/compose/", import.meta.url));

  beforeAll(async () => {
    const made = await makeEngine();
    try {
      await made.start("build");
    } catch (error) {
      process.stderr.write(`skipped: the compose demo (no Docker engine starts here: ${(error as Error).message})\n`);
      await removeEngine(made);
      return;
    }
    engine = made;
    await importBaseImages(engine);
    await breakOffBuild(engine);
    await engine.docker(["build", "--network", "host", "--tag", "warren", ROOT], { timeoutMs: 300_000 });
    await engine.start("run");
    demo = new Demo(engine);
    before = await footprint(engine);
    await demo.up();
  }, 480_000);
  afterAll(async () => {
    if (!engine) return;
    await demo?.down().catch(() => {});
    await removeEngine(engine);
  }, 120_000);

  const step = (name: string, body: (context: TestContext) => Promise<void>): void =>
    it(name, async (context) => (engine ? body(context) : context.skip()));

  step("runs three hosts in two networks, their pods reach each other, and the self-test passes", async () => {
    const nodes = await demo.warren<NodeInfo[]>("host-a", "nodes");
    expect(nodes.map(({ name, state }) => `${name} ${state}`).sort()).toEqual(HOSTS.map((host) => `${host} ready`));
    expect(new Set(nodes.map((node) => node.underlayAddress.split(".")[2])).size).toBe(2);
    for (const host of HOSTS) for (const other of HOSTS) expect(await seenAs(host, other)).toBe(await addressOf(host));
    const { code, stdout, stderr } = await demo.tryExec("host-a", ...SELF_TEST);
    expect(code, `${stdout}${stderr}`).toBe(0);
  });

  step("gives every container no more rights than it needs", async () => {
    for (const [name, { id }] of await demo.services()) {
      const [container] = JSON.parse((await engine!.docker(["inspect", id])).stdout) as [Inspected];
      const { Privileged, CapAdd, CapDrop, SecurityOpt } = container.HostConfig;
      expect(Privileged, name).toBe(false);
      expect(CapDrop, name).toEqual(["ALL"]);
      expect(CapAdd ?? [], name).toEqual(name.startsWith("host") ? ["NET_ADMIN", "NET_RAW", "SYS_ADMIN"] : []);
      expect(SecurityOpt, name).toContain("no-new-privileges:true");
    }
    const { stdout } = await demo.exec("control", "cat", "/proc/1/status");
    expect(stdout).toMatch(/^Uid:\s+7480\s/m);
    expect(stdout).toMatch(/^CapEff:\s+0+$/m);
  });

  step("is one image with nothing to build with, and labels that say what it is", async () => {
    const [image] = JSON.parse((await engine!.docker(["image", "inspect", "warren"])).stdout) as [InspectedImage];
    const { version } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as { version: string };
    expect(image.Config.Labels["org.opencontainers.image.version"]).toBe(version);
    expect(image.Config.Labels["org.opencontainers.image.licenses"]).toBe("Apache-2.0");
    expect(image.Config.User).toBe("warren");
    for (const program of ["npm", "npx", "gcc", "cc", "make", "python3", "curl", "git"])
      expect((await demo.tryExec("control", "which", program)).stdout, program).toBe("");
    process.stderr.write(`the image has ${Math.round(image.Size / 1e6)} MB\n`);
  });

  step("has a real underlay: without the router the networks are apart, with it they are one mesh", async () => {
    await demo.compose("kill", "router");
    expect(await seenAs("host-a", "host-c")).toBe("silence");
    expect(await seenAs("host-a", "host-b")).toBe(await addressOf("host-a"));
    await demo.up();
    await waitFor("host-c to answer again", async () => (await seenAs("host-a", "host-c")) !== "silence");
  });

  step("shows the mesh on a page at the published port", async (context) => {
    const { url, close } = await portInside(engine!.netns, PAGE_PORT, join(engine!.home, "page.sock"));
    try {
      const mesh = (await (await fetch(`${url}/v1/mesh`)).json()) as MeshView;
      expect(mesh.nodes.map((node) => node.name).sort()).toEqual(HOSTS);
      if (findChromium() === undefined) return context.skip("no chromium");
      await lookAt(url, "whole", async (row) => {
        // What only nodes that report know: rates and the age of the report.
        for (const host of HOSTS) await row(host, /ready/i, /10\.244\./, /bit\/s/).waitFor();
      });
    } finally {
      await close();
    }
  });

  step("survives the death of a host, says so, and takes it back with its addresses", async () => {
    const address = await addressOf("host-b");
    await demo.compose("kill", "host-b");
    expect(await seenAs("host-a", "host-c")).toBe(await addressOf("host-a"));
    await waitFor("host-b to be down", () => stateOf("host-b", "down"), { timeoutMs: 60_000 });
    const { url, close } = await portInside(engine!.netns, PAGE_PORT, join(engine!.home, "page.sock"));
    try {
      if (findChromium() !== undefined) await lookAt(url, "host-b-down", (row) => row("host-b", /down/i).waitFor());
    } finally {
      await close();
    }
    await demo.up();
    await waitFor("host-b to be ready", () => stateOf("host-b", "ready"));
    expect(await addressOf("host-b")).toBe(address);
    await waitFor("host-b to answer", async () => (await seenAs("host-c", "host-b")) !== "silence");
  });

  step("goes on without its control plane, which comes back as it was", async () => {
    await demo.compose("kill", "control");
    expect(await seenAs("host-a", "host-c")).toBe(await addressOf("host-a"));
    await demo.up();
    await waitFor(
      "host-a to be connected",
      async () => (await demo.warren<AgentStatus>("host-a", "status")).control.connected,
    );
    expect((await demo.warren<NodeInfo[]>("control", "nodes")).length).toBe(HOSTS.length);
  });

  step("seals what the hosts exchange when it is told a cipher", async () => {
    const sealed = new Demo(engine!, { WARREN_CIPHER: "aes-256-gcm" });
    await sealed.up();
    const peers = await sealed.warren<PeerInfo[]>("host-a", "peers");
    expect(peers.map(({ cipher }) => cipher)).toEqual(["aes-256-gcm", "aes-256-gcm"]);
    const { code, stdout, stderr } = await sealed.tryExec("host-c", ...SELF_TEST);
    expect(code, `${stdout}${stderr}`).toBe(0);
  });

  step("leaves nothing behind", async () => {
    await demo.down();
    expect(await footprint(engine!)).toEqual(before);
  });

  step("that is interrupted half way goes up the next time, and leaves nothing behind", async () => {
    const up = spawn("docker-compose", [...demo.args, "up"], { env: demo.env, stdio: "ignore" });
    const ended = once(up, "exit");
    await waitFor("the first container", async () => (await demo.services()).get("control")?.state === "running");
    up.kill("SIGINT");
    await ended;
    await demo.up();
    await demo.down();
    expect(await footprint(engine!)).toEqual(before);
  });

  step("whose port is taken says which, and goes up when it is free", async () => {
    const release = await listenInside(engine!.netns, "hold-port.mjs", String(PAGE_PORT));
    const { code, stdout, stderr } = await demo.tryCompose("up", "-d");
    await release();
    expect(code).not.toBe(0);
    expect(`${stdout}${stderr}`).toMatch(/8480.*(already in use|already allocated)/);
    await demo.up();
    await demo.down();
    expect(await footprint(engine!)).toEqual(before);
  });

  step("on a machine without /dev/net/tun says so, and goes up when it is there", async () => {
    await engine!.start("run without /dev/net/tun");
    const { code, stdout, stderr } = await demo.tryCompose("up", "-d");
    expect(code).not.toBe(0);
    expect(`${stdout}${stderr}`).toMatch(/\/dev\/net\/tun.*no such file or directory/);
    await engine!.start("run");
    await demo.up();
    await demo.down();
    expect(await footprint(engine!)).toEqual(before);
  });

  async function addressOf(host: string): Promise<string> {
    const pods = await demo.warren<PodInfo[]>(host, "pod", "list");
    return pods.find((pod) => pod.name === "web")!.addresses[0]!;
  }

  /** As which address `web` of one host asks `web` of another, or `silence`. */
  async function seenAs(from: string, to: string): Promise<string> {
    const ask = `fetch("http://${await addressOf(to)}:8080", { signal: AbortSignal.timeout(3000) }).then(async (answer) => console.log((await answer.json()).seenAs), () => console.log("silence"))`;
    return (await demo.exec(from, "warren", "pod", "exec", "web", "--", "node", "-e", ask)).stdout.trim();
  }

  async function stateOf(host: string, state: string): Promise<boolean> {
    const nodes = await demo.warren<NodeInfo[]>("host-a", "nodes");
    return nodes.find(({ name }) => name === host)?.state === state;
  }

  /** Opens the page, lets `look` find rows of its table of nodes by what is in them, and keeps a picture. */
  async function lookAt(url: string, name: string, look: (row: Row) => Promise<void>): Promise<void> {
    const browser = await launchBrowser();
    try {
      const page = await browser.newPage({ viewport: { width: 1280, height: 900 } });
      await page.goto(url);
      const rows = page.locator("table.nodes tbody tr");
      await look((...texts) => texts.reduce((found, hasText) => found.filter({ hasText }), rows));
      await page.screenshot({ path: join(pictures, `${name}.png`) });
      process.stderr.write(`picture of the page: ${join(pictures, `${name}.png`)}\n`);
    } finally {
      await browser.close();
    }
  }
}, ["dockerd", "docker", "docker-compose", "debootstrap"]);

type Row = (...texts: readonly (string | RegExp)[]) => { waitFor(): Promise<void> };

interface Inspected {
  readonly HostConfig: {
    readonly Privileged: boolean;
    readonly CapAdd: readonly string[] | null;
    readonly CapDrop: readonly string[] | null;
    readonly SecurityOpt: readonly string[];
  };
}

interface InspectedImage {
  readonly Size: number;
  readonly Config: { readonly User: string; readonly Labels: Readonly<Record<string, string>> };
}

/** A build that is broken off must be no harm to the next one. */
async function breakOffBuild(engine: Engine): Promise<void> {
  const build = spawn("docker", ["build", "--network", "host", "--tag", "warren", ROOT], { env: engine.env });
  const ended = once(build, "exit");
  build.stderr.resume();
  for await (const text of build.stdout) if (String(text).includes("npm run")) break;
  build.kill("SIGINT");
  await ended;
  const { code } = await tryRun("docker", ["image", "inspect", "warren"], { env: engine.env });
  expect(code).not.toBe(0);
}
