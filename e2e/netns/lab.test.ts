import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { afterEach, expect, it } from "vitest";
import { labDirectory, readJournal } from "../lab/journal.ts";
import { createLab, type Lab, uniqueLabName } from "../lab/lab.ts";
import { ping } from "../lab/measure.ts";
import { listNetns, netnsPath } from "../lab/netns.ts";
import type { LabOptions } from "../lab/plan.ts";
import { namespacesOf, removeLab, sweepDeadLabs } from "../lab/sweep.ts";
import { describeAsRoot } from "./as-root.ts";

describeAsRoot("a lab", () => {
  const labs: Lab[] = [];
  const make = async (options: Partial<LabOptions> = {}) => {
    const lab = await createLab({ name: uniqueLabName("wl"), nodes: 2, ...options });
    labs.push(lab);
    return lab;
  };
  afterEach(async () => {
    for (const lab of labs.splice(0)) await lab.close();
  });

  it.each([4, 6, "both"] as const)(
    "joins its hosts and the control plane by an underlay of family %s",
    async (family) => {
      const lab = await make({ family });
      for (const address of lab.host(2).underlays)
        for (const node of [lab.control, lab.host(1)])
          expect(await ping(node.netns, address, { count: 1 })).toMatchObject({ received: 1 });
    },
  );

  it("joins two hosts by nothing but a veth pair in the direct topology", async () => {
    const lab = await make({ topology: "direct" });
    expect(lab.control.netns).toBe(lab.host(1).netns);
    expect(await ping(lab.host(1).netns, lab.host(2).underlay, { count: 1 })).toMatchObject({ received: 1 });
  });

  it("carries the MTU asked for, and no more", async () => {
    const lab = await make({ mtu: 1400 });
    const [from, to] = [lab.host(1).netns, lab.host(2).underlay];
    expect(await ping(from, to, { count: 1, payload: 1372, dontFragment: true })).toMatchObject({ received: 1 });
    expect(await ping(from, to, { count: 1, payload: 1373, dontFragment: true })).toMatchObject({ received: 0 });
  });

  it("has nothing of it in the root namespace, and its hosts have no way out", async () => {
    const lab = await make();
    const { stdout } = await lab.host(1).run("ip", ["route", "show", "default"]);
    expect(stdout).toBe("");
  });

  it("drops what a fault says, and nothing once it is cleared", async () => {
    const lab = await make();
    const [one, two] = [lab.host(1), lab.host(2)];
    await two.setFault({ kind: "every", n: 2 }, { from: one.underlay });
    expect(await ping(one.netns, two.underlay, { count: 10, intervalMs: 10, waitMs: 200 })).toMatchObject({
      received: 5,
    });
    await two.setFault({ kind: "blackhole" }, { longerThan: 500 });
    expect(await ping(one.netns, two.underlay, { count: 1, payload: 800, waitMs: 200 })).toMatchObject({ received: 0 });
    expect(await ping(one.netns, two.underlay, { count: 1, payload: 100 })).toMatchObject({ received: 1 });
    await two.clearFault();
    expect(await ping(one.netns, two.underlay, { count: 1, payload: 800 })).toMatchObject({ received: 1 });
  });

  it("ends its programs and says what would be left", async () => {
    const lab = await make();
    const program = await lab.host(1).spawn("sleep", ["1000"]);
    expect(program.running).toBe(true);
    await lab.remove();
    expect(program.running).toBe(false);
    expect(await lab.leftovers()).toEqual([]);
    expect(existsSync(lab.directory)).toBe(false);
  });

  it("refuses a second lab of the same name and leaves the first alone", async () => {
    const lab = await make();
    await expect(createLab({ name: lab.name, nodes: 1 })).rejects.toThrow(/exists already/);
    expect(await ping(lab.host(1).netns, lab.host(2).underlay, { count: 1 })).toMatchObject({ received: 1 });
  });

  it("leaves nothing when its build is aborted half-way", async () => {
    const name = uniqueLabName("wl");
    const controller = new AbortController();
    const building = createLab({ name, nodes: 40, signal: controller.signal });
    while (!existsSync(netnsPath(`${name}-h3`))) await new Promise((resolve) => setTimeout(resolve, 1));
    controller.abort();
    await expect(building).rejects.toThrow(/abort/i);
    expect(listNetns().filter((netns) => netns.startsWith(`${name}-`))).toEqual([]);
    expect(existsSync(labDirectory(name))).toBe(false);
  });

  it("is swept by the next one after a kill -9 of its owner", async () => {
    const name = uniqueLabName("wl");
    const module = new URL("../lab/lab.ts", import.meta.url).href;
    const script = `import { createLab } from ${JSON.stringify(module)};
      const lab = await createLab({ name: ${JSON.stringify(name)}, nodes: 1 });
      await lab.host(1).spawn("sleep", ["1000"]);
      console.log("up");
      setInterval(() => {}, 1000);`;
    const owner = spawn(process.execPath, ["--input-type=module", "-e", script], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    await once(owner.stdout, "data");
    expect(namespacesOf(readJournal(name))).toHaveLength(3);
    owner.kill("SIGKILL");
    await once(owner, "exit");
    // Another lab of this machine may be quicker with the sweep.
    await sweepDeadLabs();
    expect(listNetns().filter((netns) => netns.startsWith(`${name}-`))).toEqual([]);
    expect(existsSync(labDirectory(name))).toBe(false);
  });

  it("that was kept is removed by its name, with the same proof", async () => {
    const lab = await make();
    lab.keep();
    expect(await removeLab(lab.name)).toEqual([]);
    expect(await removeLab(lab.name)).toBeNull();
  });
});
