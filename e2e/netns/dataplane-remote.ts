import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { DataPlane, DataPlaneOptions, DataPlaneStats } from "@warren/agent/dataplane-host/data-plane.ts";
import type { DataplaneKind } from "@warren/common/api/types.ts";
import { WarrenError } from "@warren/common/errors/warren-error.ts";

interface Answer {
  readonly id: number;
  readonly value?: unknown;
  readonly error?: unknown;
}

/** A data plane in another namespace: `dataplane-node.ts` there, and its calls here. */
export class RemotePlane implements DataPlane {
  readonly #child: ChildProcess;
  readonly #waiting = new Map<number, (answer: Answer) => void>();
  readonly exited: Promise<number | null>;
  #last = 0;
  #stats: DataPlaneStats | undefined;

  constructor(netns: string, options: DataPlaneOptions, node: 1 | 2, kind: DataplaneKind = "tun") {
    const program = fileURLToPath(new URL("dataplane-node.ts", import.meta.url));
    this.#child = spawn(
      "nsenter",
      [`--net=/run/netns/${netns}`, process.execPath, program, JSON.stringify(options), String(node), kind],
      { stdio: ["pipe", "pipe", "inherit"] },
    );
    this.exited = new Promise((resolve) => this.#child.once("exit", resolve));
    createInterface({ input: this.#child.stdout! }).on("line", (line) => {
      const answer = JSON.parse(line) as Answer;
      this.#waiting.get(answer.id)?.(answer);
      this.#waiting.delete(answer.id);
    });
  }

  async call<T>(call: string, ...args: unknown[]): Promise<T> {
    const id = ++this.#last;
    const answer = await new Promise<Answer>((resolve, reject) => {
      this.#waiting.set(id, resolve);
      void this.exited.then(() => reject(new Error(`the node ended during ${call}`)));
      this.#child.stdin!.write(`${JSON.stringify({ id, call, args })}\n`);
    });
    if (answer.error) throw WarrenError.fromObject(answer.error);
    return answer.value as T;
  }

  async start(): Promise<void> {
    await this.call("start");
    await this.refresh();
  }

  async apply(...args: Parameters<DataPlane["apply"]>): Promise<void> {
    await this.call("apply", ...args);
    await this.refresh();
  }

  async rebind(underlayAddress: string): Promise<void> {
    await this.call("rebind", underlayAddress);
  }

  async timeStages(on: boolean): Promise<void> {
    await this.call("timeStages", on);
    await this.refresh();
  }

  async stop(): Promise<void> {
    await this.call("stop");
    await this.refresh();
  }

  /** The counters as of the last call: `stats` is synchronous, the way to the other process is not. */
  stats(): DataPlaneStats {
    return this.#stats!;
  }

  onFailure(): void {
    throw new Error("ask with call('failure')");
  }

  async refresh(): Promise<void> {
    type Sent = Omit<DataPlaneStats, "peers"> & { readonly peers: [string, never][] | null };
    const { peers, ...rest } = await this.call<Sent>("stats");
    this.#stats = { ...rest, peers: peers && new Map(peers) };
  }

  /** Ends the process by ending its input; it is killed when that takes too long. @returns its exit code. */
  async end(): Promise<number | null> {
    this.#child.stdin!.end();
    const timer = setTimeout(() => this.#child.kill("SIGKILL"), 5000);
    const code = await this.exited;
    clearTimeout(timer);
    return code;
  }
}
