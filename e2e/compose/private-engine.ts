import { existsSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { run, tryRun } from "@warren/common/runtime/run.ts";
import { addNetns, deleteNetns } from "../lab/netns.ts";
import { Engine } from "./engine.ts";

const PREFIX = "warren-compose-";

/** An engine with directory and namespace of its own, not started. What a run that was killed left is removed first. */
export async function makeEngine(): Promise<Engine> {
  for (const name of readdirSync(tmpdir())) {
    const owner = name.startsWith(PREFIX) ? Number(name.slice(PREFIX.length)) : Number.NaN;
    if (Number.isInteger(owner) && !existsSync(`/proc/${owner}`)) await sweep(owner);
  }
  await addNetns(netnsOf(process.pid));
  await run("ip", ["-n", netnsOf(process.pid), "link", "set", "lo", "up"]);
  return new Engine(homeOf(process.pid), netnsOf(process.pid));
}

/** Ends the engine with all it runs, and removes its files and its namespace. */
export async function removeEngine(engine: Engine): Promise<void> {
  await engine.stop();
  await removeTraces(process.pid);
}

const homeOf = (pid: number): string => join(tmpdir(), `${PREFIX}${pid}`);
const netnsOf = (pid: number): string => `wcompose${pid}`;

/** A killed test leaves an engine that runs; a killed engine leaves containers that do. */
async function sweep(owner: number): Promise<void> {
  for (const pid of processesOf(homeOf(owner))) {
    try {
      process.kill(pid, "SIGKILL");
    } catch {
      // It has ended by itself.
    }
  }
  await removeTraces(owner);
}

/** The engine, containerd and the shims by their arguments; the programs in containers by the root they live in. */
function processesOf(home: string): number[] {
  const pids = readdirSync("/proc").filter((name) => /^\d+$/.test(name));
  return pids.map(Number).filter((pid) => {
    const [program = "", ...args] = read(`/proc/${pid}/cmdline`).split("\0");
    const isEngine = /(^|\/)(dockerd|containerd[\w-]*)$/.test(program) && args.some((arg) => arg.includes(`${home}/`));
    // Field 5 is the mount point: every process of the machine sees the mounts themselves.
    const root = read(`/proc/${pid}/mountinfo`)
      .split("\n")
      .find((line) => line.split(" ")[4] === "/");
    return isEngine || root?.includes(`upperdir=${home}/`) === true;
  });
}

async function removeTraces(owner: number): Promise<void> {
  const home = homeOf(owner);
  const mounted = read("/proc/self/mountinfo")
    .split("\n")
    .map((line) => line.split(" ")[4] ?? "")
    .filter((path) => path.startsWith(`${home}/`));
  for (const path of mounted.reverse()) await tryRun("umount", ["--lazy", path]);
  rmSync(home, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
  await deleteNetns(netnsOf(owner));
}

function read(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
