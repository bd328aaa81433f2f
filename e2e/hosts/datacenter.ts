import { existsSync, mkdirSync, readdirSync, rmSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { tryRun } from "@warren/common/runtime/run.ts";
import { addNetns, deleteNetns, ipBatch, listNetns } from "../lab/netns.ts";
import { installWarren } from "./base-root.ts";
import { Machine } from "./machine.ts";

const RUNS = join(homedir(), ".cache/warren/hosts");

/**
 * Machines on one network, each with Warren installed and nothing done with it yet. On the disk of the cache and not in
 * /tmp, which may be memory, or an overlay, on which overlays cannot be made.
 */
export class Datacenter {
  readonly #dir: string;
  readonly #network: string;
  readonly #lower: string;
  readonly #machines: Machine[] = [];

  private constructor(dir: string, network: string, lower: string) {
    this.#dir = dir;
    this.#network = network;
    this.#lower = lower;
  }

  static async create(): Promise<Datacenter> {
    await sweepDead();
    const dir = join(RUNS, String(process.pid));
    mkdirSync(dir, { recursive: true });
    const lower = await installWarren(join(dir, "installed"));
    const network = networkOf(process.pid);
    await addNetns(network);
    await ipBatch(["link add br0 type bridge", "link set br0 up"], network);
    return new Datacenter(dir, network, lower);
  }

  /** @param address on the underlay 192.0.2.0/24 */
  async add(name: string, address: string): Promise<Machine> {
    const dir = join(this.#dir, name);
    const machine = new Machine({ name, address, dir, lower: this.#lower, network: this.#network });
    this.#machines.push(machine);
    await machine.create();
    return machine;
  }

  async close(): Promise<void> {
    for (const machine of this.#machines) await machine.destroy();
    await deleteNetns(this.#network);
    rmSync(this.#dir, { recursive: true, force: true });
  }
}

function networkOf(pid: number): string {
  return `wh${pid.toString(36)}`;
}

/** What runs left that were killed: their machines are gone already. */
async function sweepDead(): Promise<void> {
  if (!existsSync(RUNS)) return;
  for (const name of readdirSync(RUNS)) {
    if (existsSync(`/proc/${name}`)) continue;
    const dir = join(RUNS, name);
    for (const machine of readdirSync(dir)) {
      await tryRun("umount", [join(dir, machine, "root")]);
      await tryRun("umount", [join(dir, machine, "merged")]);
    }
    const network = networkOf(Number(name));
    for (const netns of listNetns().filter((each) => each === network || each.startsWith(`${network}-`)))
      await deleteNetns(netns);
    rmSync(dir, { recursive: true, force: true });
  }
}
