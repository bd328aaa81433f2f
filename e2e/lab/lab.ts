/**
 * A Warren mesh on one machine: hosts as network namespaces, the real `./warren` in them, everything private to the
 * lab and removable by its journal. The picture is in `topology.ts`. Needs root.
 *
 *     const lab = await createLab({ name: "mine", nodes: 3 });
 *     await lab.startControl();
 *     for (const i of [1, 2, 3]) await lab.startAgent(i);
 *     const pod = await lab.addPod(1, "web");
 *     await lab.close();                     // throws when something is left
 */
import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import type { PodInfo, TokenCreated } from "@warren/common/api/types.ts";
import { WarrenError } from "@warren/common/errors/warren-error.ts";
import { type RunResult, run } from "@warren/common/runtime/run.ts";
import { readHostState } from "./host-state.ts";
import { createJournal, type JournalEntry, labDirectory, readJournal, record } from "./journal.ts";
import { tryRunIn } from "./netns.ts";
import { type LabNode, labNode } from "./node.ts";
import { type LabOptions, type LabPlan, type PlannedNode, planLab } from "./plan.ts";
import { type LabPod, labPod } from "./pod.ts";
import { type SpawnOptions, supervise } from "./supervised.ts";
import { leftoversOf, remember, sweepDeadLabs, sweepLab } from "./sweep.ts";
import { buildTopology } from "./topology.ts";
import { waitFor } from "./wait-for.ts";
import { WARREN, WarrenProcess } from "./warren-process.ts";

export interface ControlOptions {
  /** Further flags of `warren control`, such as `--pod-cidr`. */
  readonly flags?: readonly string[];
  readonly dataDir?: string;
}

export interface AgentOptions {
  /** Further flags of `warren agent`. */
  readonly flags?: readonly string[];
  /** Join token; a fresh one is made when left out. */
  readonly token?: string;
  readonly nodeName?: string;
  readonly underlay?: string;
  readonly dataDir?: string;
  /** With a mount namespace of its own, as `ip netns exec` gives it; an array also mounts something in it. */
  readonly privateMounts?: boolean | readonly string[];
  /** Besides the variables of this process. */
  readonly env?: NodeJS.ProcessEnv;
}

/** Where a command is run: a host by its number from 1, or the control plane. */
export type Where = number | "control";

/** Makes the namespaces and links of a lab. Throws `not-root`, `already-exists`; on an error nothing is left. */
export async function createLab(options: LabOptions): Promise<Lab> {
  const plan = planLab(options);
  if (process.getuid?.() !== 0)
    throw new WarrenError("not-root", "a lab is made of network namespaces: run this as root");
  await sweepDeadLabs();
  const facts = [...(await readHostState())];
  createJournal(plan.name);
  record(plan.name, { made: "snapshot", facts });
  try {
    await buildTopology(plan, options.signal);
  } catch (thrown) {
    await sweepLab(plan.name);
    throw thrown;
  }
  return new Lab(plan, options.warren);
}

/** A name for a lab that no other process uses: labs of tests run side by side. */
export function uniqueLabName(prefix: string): string {
  counter += 1;
  return `${prefix}${process.pid.toString(36)}${counter > 1 ? `x${counter}` : ""}`;
}

let counter = 0;

export class Lab {
  readonly plan: LabPlan;
  readonly name: string;
  /** Everything the lab writes to disk is below it. */
  readonly directory: string;
  readonly control: LabNode;
  readonly hosts: readonly LabNode[];
  #controlPlane: WarrenProcess | null = null;
  readonly #agents = new Map<number, WarrenProcess>();
  readonly #warren: string;
  #spawned = 0;
  /** What the journal said, kept for `leftovers` after the journal is gone. */
  #entries: JournalEntry[];

  constructor(plan: LabPlan, warren: string = WARREN) {
    this.plan = plan;
    this.#warren = warren;
    this.name = plan.name;
    this.directory = labDirectory(plan.name);
    this.#entries = readJournal(plan.name);
    const node = (planned: PlannedNode) =>
      labNode(planned, (program, args, options) => this.#spawn(planned.netns, program, args, options));
    this.hosts = plan.hosts.map(node);
    this.control = plan.topology === "switch" ? node(plan.control) : this.hosts[0]!;
  }

  /** Host by number, from 1. */
  host(number: number): LabNode {
    const found = this.hosts[number - 1];
    if (!found) throw new WarrenError("usage", `the lab has hosts 1 to ${this.hosts.length}, not ${number}`);
    return found;
  }

  get controlPlane(): WarrenProcess {
    if (!this.#controlPlane) throw new WarrenError("not-ready", "the lab's control plane was not started");
    return this.#controlPlane;
  }

  agent(number: number): WarrenProcess {
    const found = this.#agents.get(number);
    if (!found) throw new WarrenError("not-ready", `no agent was started on host ${number}`);
    return found;
  }

  /** Starts `warren control` and waits until it is ready. */
  async startControl(options: ControlOptions = {}, signal?: AbortSignal): Promise<WarrenProcess> {
    this.prepareControl(options);
    await this.controlPlane.start(30_000, signal);
    return this.controlPlane;
  }

  /** Like `startControl` without starting it, for one that is expected to fail. */
  prepareControl({ flags = [], dataDir }: ControlOptions = {}): WarrenProcess {
    this.#controlPlane = new WarrenProcess({
      lab: this.name,
      directory: this.directory,
      netns: this.control.netns,
      role: "control",
      name: "control",
      warren: this.#warren,
      flags: ["--listen", this.#endpoint, ...flags],
      ...(dataDir && { dataDir }),
    });
    return this.#controlPlane;
  }

  /** Starts `warren agent` on a host and waits until it is ready. */
  async startAgent(number: number, options: AgentOptions = {}, signal?: AbortSignal): Promise<WarrenProcess> {
    const agent = await this.prepareAgent(number, options);
    await agent.start(30_000, signal);
    return agent;
  }

  /** Like `startAgent` without starting it, for one that is expected to fail. */
  async prepareAgent(number: number, options: AgentOptions = {}): Promise<WarrenProcess> {
    const host = this.host(number);
    const {
      flags = [],
      nodeName = host.netns,
      underlay = host.underlay,
      dataDir,
      privateMounts = false,
      env,
    } = options;
    record(this.name, { made: "node", name: nodeName });
    const token = options.token ?? (await this.createToken()).token;
    const agent = new WarrenProcess({
      lab: this.name,
      directory: this.directory,
      netns: host.netns,
      role: "agent",
      name: host.netns,
      warren: this.#warren,
      privateMounts,
      flags: ["--control", this.#endpoint, "--token", token, "--underlay", underlay, "--name", nodeName, ...flags],
      ...(dataDir && { dataDir }),
      ...(env && { env }),
    });
    this.#agents.set(number, agent);
    return agent;
  }

  createToken(...flags: string[]): Promise<TokenCreated> {
    return this.warren<TokenCreated>("control", "token", "create", ...flags);
  }

  /** Runs a `warren` command with `-o json` and returns what it printed, parsed. Throws `tool-failed`. */
  async warren<T>(where: Where, ...args: string[]): Promise<T> {
    const { code, stdout, stderr } = await this.tryWarren(where, ...args);
    if (code !== 0)
      throw new WarrenError("tool-failed", `warren ${args.join(" ")} (${where}) ended with ${code}: ${stderr.trim()}`);
    try {
      return JSON.parse(stdout) as T;
    } catch (cause) {
      throw new WarrenError("tool-failed", `warren ${args.join(" ")} printed no JSON: ${stdout}`, { cause });
    }
  }

  /** Runs a `warren` command with `-o json` and returns whatever it ended with. */
  tryWarren(where: Where, ...args: string[]): Promise<RunResult> {
    const { runDir, netns } = where === "control" ? this.controlPlane : this.agent(where);
    const end = args.indexOf("--") === -1 ? args.length : args.indexOf("--");
    const all = [...args.slice(0, end), "--run-dir", runDir, "-o", "json", ...args.slice(end)];
    return tryRunIn(netns, this.#warren, all);
  }

  /** `warren pod add` on a host. */
  async addPod(number: number, name: string, ...args: string[]): Promise<LabPod> {
    const info = await this.warren<PodInfo>(number, "pod", "add", name, ...args);
    return labPod(info, number, (netns, what, program, programArgs) =>
      this.#spawn(netns, program, programArgs, { what: `${program} in pod ${what}` }),
    );
  }

  /** A small file system of its own below the lab's directory, to be filled up. Returns its path. */
  async mountTmpfs(name: string, sizeKib: number): Promise<string> {
    const path = join(this.directory, name);
    record(this.name, { made: "mount", path });
    mkdirSync(path);
    await run("mount", ["-t", "tmpfs", "-o", `size=${sizeKib}k,mode=0700`, "warren-lab", path]);
    return path;
  }

  /** Resolves when every running agent knows every other one as ready. */
  async meshReady(timeoutMs = 20_000, signal?: AbortSignal): Promise<void> {
    const running = [...this.#agents.values()].filter((agent) => agent.running);
    for (const agent of running)
      await waitFor(
        `${agent.name} to know its ${running.length - 1} peers`,
        async () => {
          const peers = await agent.get<{ name: string; state: string; foreign: boolean }[]>("/v1/peers");
          return peers.filter((peer) => !peer.foreign && peer.state === "ready").length >= running.length - 1;
        },
        { timeoutMs, signal },
      );
  }

  /** Leaves the lab to live on when its owner ends; `sweepLab(name)` removes it. */
  keep(): void {
    record(this.name, { made: "kept" });
  }

  /** Ends everything and removes everything. Throws `internal` with the list when something is left nevertheless. */
  async close(): Promise<void> {
    await this.remove();
    const left = await this.leftovers();
    if (left.length > 0) throw new WarrenError("internal", `lab ${this.name} left behind:\n  ${left.join("\n  ")}`);
  }

  /** Ends everything and removes everything, without the proof. */
  async remove(): Promise<void> {
    if (existsSync(this.directory)) this.#entries = remember(this.name);
    // Agents first and asked, so that each can take down what is its own while its world still stands.
    await Promise.all([...this.#agents.values()].map((agent) => agent.stop()));
    await this.#controlPlane?.stop();
    await sweepLab(this.name);
  }

  /** What the lab left after `remove`, one line each; see `leftoversOf`. */
  leftovers(): Promise<string[]> {
    return leftoversOf(this.name, this.#entries);
  }

  #spawn(netns: string, program: string, args: readonly string[], options?: SpawnOptions) {
    this.#spawned += 1;
    return supervise(this.name, netns, join(this.directory, `spawned-${this.#spawned}.log`), program, args, options);
  }

  get #endpoint(): string {
    const address = this.control.underlay;
    return address.includes(":") ? `[${address}]:7443` : `${address}:7443`;
  }
}
