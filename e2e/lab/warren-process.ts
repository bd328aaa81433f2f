import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { callLocal } from "@warren/common/api/local-client.ts";
import { WarrenError } from "@warren/common/errors/warren-error.ts";
import { podProgram } from "./pod.ts";
import { type Supervised, supervise } from "./supervised.ts";
import { WaitEnded, waitFor } from "./wait-for.ts";

/** The launcher of the checkout: what a user types. */
export const WARREN = fileURLToPath(new URL("../../warren", import.meta.url));

export interface WarrenProcessOptions {
  readonly lab: string;
  /** Directory of the lab; data, run directory and log of this process get their own place below it. */
  readonly directory: string;
  readonly netns: string;
  readonly role: "control" | "agent";
  /** Distinguishes the processes of a lab: `control` or the node's name. */
  readonly name: string;
  /** The command; default the checkout's. */
  readonly warren?: string;
  /** Flags besides `--data-dir` and `--run-dir`. */
  readonly flags: readonly string[];
  /** Instead of the lab's own, for a data directory with something special about it. */
  readonly dataDir?: string;
  /** With a mount namespace of its own, as `ip netns exec` gives it; an array also mounts something in it. */
  readonly privateMounts?: boolean | readonly string[];
  /** Besides the variables of this process. */
  readonly env?: NodeJS.ProcessEnv;
}

/** A `warren control` or `warren agent` that can be stopped, killed and started again with the same flags. */
export class WarrenProcess {
  readonly name: string;
  readonly role: "control" | "agent";
  readonly netns: string;
  readonly dataDir: string;
  readonly runDir: string;
  readonly logFile: string;
  readonly #options: WarrenProcessOptions;
  #process: Supervised | null = null;

  constructor(options: WarrenProcessOptions) {
    const home = join(options.directory, options.name);
    this.name = options.name;
    this.role = options.role;
    this.netns = options.netns;
    this.dataDir = options.dataDir ?? join(home, "data");
    this.runDir = join(home, "run");
    this.logFile = join(home, "log");
    this.#options = options;
    mkdirSync(this.dataDir, { recursive: true });
    mkdirSync(this.runDir, { recursive: true });
  }

  /** The process as it is now. Throws when it was never started. */
  get process(): Supervised {
    if (!this.#process) throw new WarrenError("not-ready", `${this.name} was not started`);
    return this.#process;
  }

  get running(): boolean {
    return this.#process?.running ?? false;
  }

  log(): string {
    return this.#process?.log() ?? "";
  }

  /** Asks the local API. Throws the error of the answer, or `unavailable`. */
  get<T>(path: string): Promise<T> {
    return callLocal<T>(join(this.runDir, `${this.role}.sock`), "GET", path);
  }

  /** Starts it and returns at once; for a process that is expected to fail. */
  async launch(): Promise<Supervised> {
    if (this.running) throw new WarrenError("already-running", `${this.name} runs already`);
    const { lab, netns, role, flags, privateMounts, env, warren = WARREN } = this.#options;
    const words = [warren, role, ...flags, "--data-dir", this.dataDir, "--run-dir", this.runDir];
    const unshare = ["unshare", "--mount", "--propagation", "slave"];
    const mounting = Array.isArray(privateMounts)
      ? [process.execPath, podProgram("in-private-mounts.mjs"), ...(privateMounts as string[]), "--"]
      : [];
    const [program, ...args] = privateMounts ? [...unshare, ...mounting, ...words] : words;
    this.#process = await supervise(lab, netns, this.logFile, program!, args, {
      what: `warren ${role} (${this.name})`,
      ...(env && { env }),
    });
    return this.#process;
  }

  /** Starts it and resolves when its local API says that it is ready. Throws with the end of its log. */
  async start(timeoutMs = 30_000, signal?: AbortSignal): Promise<void> {
    await this.launch();
    await this.ready(timeoutMs, signal);
  }

  /** Resolves when `/readyz` answers 200. */
  async ready(timeoutMs = 30_000, signal?: AbortSignal): Promise<void> {
    await waitFor(
      `${this.name} to be ready (log: ${this.logFile})`,
      async () => {
        if (!this.running) throw new WaitEnded(await this.#ended());
        await this.get("/readyz");
        return true;
      },
      { timeoutMs, signal },
    );
  }

  /** SIGTERM, and SIGKILL after 5 s. */
  async stop(): Promise<void> {
    await this.#process?.end();
  }

  /** `kill -9`. */
  async kill(): Promise<void> {
    await this.#process?.kill();
  }

  async restart(): Promise<void> {
    await this.stop();
    await this.start();
  }

  async #ended(): Promise<WarrenError> {
    const { code, signal } = await this.process.exited;
    const tail = this.log().trimEnd().split("\n").slice(-8).join("\n  ");
    return new WarrenError(
      "tool-failed",
      `${this.process.what} ended with ${signal ?? `exit code ${code}`} before it was ready; its last words:\n  ${tail}`,
    );
  }
}
