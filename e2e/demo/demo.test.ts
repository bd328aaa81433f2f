import { type ChildProcess, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { afterEach, expect, it } from "vitest";
import { labDirectory } from "../lab/journal.ts";
import { uniqueLabName } from "../lab/lab.ts";
import { listNetns } from "../lab/netns.ts";
import { removeLab } from "../lab/sweep.ts";
import { waitFor } from "../lab/wait-for.ts";
import { describeAsRoot } from "../netns/as-root.ts";
import type { DemoResult } from "./result.ts";

const MAIN = fileURLToPath(new URL("./main.ts", import.meta.url));

interface Run {
  readonly child: ChildProcess;
  out: string;
  err: string;
  readonly exited: Promise<number | null>;
}

/** In a process group of its own, as a shell starts it. */
function start(...args: string[]): Run {
  const child = spawn(process.execPath, [MAIN, ...args], { detached: true, stdio: ["ignore", "pipe", "pipe"] });
  const exited = new Promise<number | null>((resolve) => child.on("close", resolve));
  const run: Run = { child, out: "", err: "", exited };
  child.stdout.on("data", (chunk) => {
    run.out += chunk;
  });
  child.stderr.on("data", (chunk) => {
    run.err += chunk;
  });
  return run;
}

const namespaces = (name: string) =>
  listNetns().filter((netns) => netns.startsWith(`${name}-`) || netns.startsWith(`wrn-${name}-`));

describeAsRoot("the demo", () => {
  const names: string[] = [];
  const newName = () => {
    const name = uniqueLabName("wld");
    names.push(name);
    return name;
  };
  afterEach(async () => {
    for (const name of names.splice(0)) await removeLab(name);
  });

  it("shows a mesh that works and leaves nothing", async () => {
    const name = newName();
    const run = start("--json", "--nodes", "2", "--pods", "2", "--name", name);
    expect(await run.exited, run.err).toBe(0);
    const result = JSON.parse(run.out) as DemoResult;
    expect(result).toMatchObject({ ok: true, failures: [], leftovers: [] });
    expect(result.nodes.map((node) => node.name)).toEqual([`${name}-h1`, `${name}-h2`]);
    expect(result.pods).toHaveLength(4);
    expect(result.pings).toHaveLength(12);
    for (const ping of result.pings) expect(ping.received).toBe(ping.sent);
    for (const { own, seenAs } of result.addressesSeen) expect(seenAs).toBe(own);
    expect(result.nodeToPod.every((each) => each.reached)).toBe(true);
    expect(result.throughput?.gbitPerSecond).toBeGreaterThan(0);
    expect(namespaces(name)).toEqual([]);
    expect(existsSync(labDirectory(name))).toBe(false);
  });

  it("that is kept stays up, says how to look around, refuses a second one, and is removed by --down", async () => {
    const name = newName();
    const run = start("--nodes", "1", "--pods", "2", "--keep", "--name", name);
    expect(await run.exited, run.out + run.err).toBe(0);
    expect(run.out).toContain(`--down --name ${name}`);
    expect(namespaces(name)).toHaveLength(5);
    const second = start("--name", name);
    expect(await second.exited).toBe(6);
    expect(second.err + second.out).toMatch(/exists already|is up already/);
    expect(namespaces(name)).toHaveLength(5);
    const down = start("--down", "--name", name);
    expect(await down.exited).toBe(0);
    expect(down.out).toContain("nothing of it is left");
    expect(namespaces(name)).toEqual([]);
    expect(await start("--down", "--name", name).exited).toBe(0);
  });

  it.each(["building", "underlay:", "is ready", "joined", "pods: ", "pod → pod", "no NAT:"])(
    "cleans up after a Ctrl-C that comes after “%s”",
    async (moment) => {
      const name = newName();
      const run = start("--json", "--nodes", "2", "--pods", "1", "--name", name);
      await waitFor(moment, () => (moment === "building" ? existsSync(labDirectory(name)) : run.err.includes(moment)), {
        timeoutMs: 40_000,
        everyMs: 5,
      });
      process.kill(-run.child.pid!, "SIGINT");
      expect(await run.exited, run.err).toBe(130);
      expect(namespaces(name)).toEqual([]);
      expect(existsSync(labDirectory(name))).toBe(false);
      expect((JSON.parse(run.out) as DemoResult).failures).toEqual([]);
    },
  );

  it("ends with one line and 2 for a flag it does not know", async () => {
    const run = start("--nope");
    expect(await run.exited).toBe(2);
    expect(run.err.trim().split("\n")).toHaveLength(1);
  });
});
