import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, openSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { callLocal } from "@warren/common/api/local-client.ts";
import type { PodInfo, PodRequest } from "@warren/common/api/types.ts";
import { addNetns, deleteNetns, ipBatch, runIn, tryRunIn } from "../lab/netns.ts";
import { WaitEnded, waitFor } from "../lab/wait-for.ts";

const PROGRAM = fileURLToPath(new URL("./pods-agent.ts", import.meta.url));
const UNDERLAY = "198.51.100.1";

let hosts = 0;

/** A host as one network namespace, `wag…`, with an underlay that leads nowhere and an agent that can be killed. */
export class PodsHost {
  readonly netns = `wag${process.pid}-${hosts++}`;
  readonly dir = mkdtempSync(join(tmpdir(), "wag-"));
  readonly #cidrs: readonly string[];
  #agent: ChildProcess | null = null;

  constructor(cidrs: readonly string[]) {
    this.#cidrs = cidrs;
  }

  async make(): Promise<void> {
    await addNetns(this.netns);
    await ipBatch(
      [
        "link set lo up",
        "link add up0 type veth peer name up1",
        `address add ${UNDERLAY}/24 dev up0`,
        "link set up0 up",
        "link set up1 up",
      ],
      this.netns,
    );
  }

  get dataDir(): string {
    return join(this.dir, "data");
  }

  get log(): string {
    return existsSync(join(this.dir, "log")) ? readFileSync(join(this.dir, "log"), "utf8") : "";
  }

  async start(): Promise<void> {
    const output = openSync(join(this.dir, "log"), "a");
    const before = this.log.length;
    const args = [PROGRAM, this.dataDir, join(this.dir, "run"), UNDERLAY, ...this.#cidrs];
    const agent = spawn("nsenter", [`--net=/run/netns/${this.netns}`, process.execPath, ...args], {
      stdio: ["ignore", output, output],
    });
    this.#agent = agent;
    await waitFor("the agent to be up", () => {
      if (agent.exitCode !== null) throw new WaitEnded(new Error(`the agent ended: ${this.log.slice(before)}`));
      return this.log.slice(before).includes("up\n");
    });
  }

  /** `SIGKILL` is a crash; anything else a clean stop. */
  async end(signal: NodeJS.Signals): Promise<void> {
    const agent = this.#agent;
    this.#agent = null;
    if (!agent || agent.exitCode !== null || agent.signalCode !== null) return;
    const ended = once(agent, "exit");
    agent.kill(signal);
    await ended;
  }

  call<T>(method: "GET" | "POST" | "DELETE", path: string, body?: unknown): Promise<T> {
    return callLocal<T>(join(this.dir, "run", "agent.sock"), method, path, body);
  }

  add(request: PodRequest): Promise<PodInfo> {
    return this.call("POST", "/v1/pods", request);
  }

  delete(name: string): Promise<PodInfo> {
    return this.call("DELETE", `/v1/pods/default/${name}`);
  }

  list(): Promise<PodInfo[]> {
    return this.call("GET", "/v1/pods");
  }

  run(program: string, ...args: string[]) {
    return runIn(this.netns, program, args);
  }

  tryRun(program: string, ...args: string[]) {
    return tryRunIn(this.netns, program, args);
  }

  /** One ping, with an answer or not. */
  async reaches(address: string, from = `/run/netns/${this.netns}`): Promise<boolean> {
    return (await tryRunIn(from, "ping", ["-n", "-c", "1", "-W", "1", address])).code === 0;
  }

  /** Names of the namespaces of this agent's pods, whatever the agent knows of them. */
  podNamespaces(): string[] {
    return readdirSync("/run/netns").filter((name) => name.startsWith("wrn-wag-"));
  }

  /** Ends the agent and takes away everything, also what a failed test left. */
  async close(): Promise<void> {
    if (this.#agent === null && existsSync(`/run/netns/${this.netns}`)) await this.start().catch(() => {});
    for (const pod of await this.list().catch(() => [])) await this.delete(pod.name).catch(() => {});
    await this.end("SIGTERM");
    await this.end("SIGKILL");
    for (const name of this.podNamespaces()) await deleteNetns(name);
    await deleteNetns(this.netns);
    rmSync(this.dir, { recursive: true, force: true });
  }
}
