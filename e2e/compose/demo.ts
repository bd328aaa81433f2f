import { fileURLToPath } from "node:url";
import { type RunResult, run, tryRun } from "@warren/common/runtime/run.ts";
import { waitFor } from "../lab/wait-for.ts";
import type { Engine } from "./engine.ts";

export const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const PROJECT = "warren-e2e";

export interface ServiceState {
  /** Id of its container. */
  readonly id: string;
  /** `running`, `exited`. */
  readonly state: string;
  /** As `docker ps` has it: `Up 3 seconds (healthy)`. */
  readonly status: string;
}

/** The shipped docker-compose.yml as a project of an engine. */
export class Demo {
  readonly engine: Engine;
  readonly #settings: NodeJS.ProcessEnv;

  /** @param settings variables of the compose file */
  constructor(engine: Engine, settings: NodeJS.ProcessEnv = {}) {
    this.engine = engine;
    this.#settings = settings;
  }

  get env(): NodeJS.ProcessEnv {
    // Not those of whoever runs the test; empty is the file's default.
    return { ...this.engine.env, WARREN_CIPHER: "", WARREN_PAGE_PORT: "", ...this.#settings };
  }

  /** Arguments of docker-compose before the command. */
  get args(): string[] {
    return ["--project-directory", ROOT, "--file", `${ROOT}/docker-compose.yml`, "--project-name", PROJECT];
  }

  compose(...args: string[]): Promise<RunResult> {
    return run("docker-compose", [...this.args, ...args], { env: this.env, timeoutMs: 120_000 });
  }

  tryCompose(...args: string[]): Promise<RunResult> {
    return tryRun("docker-compose", [...this.args, ...args], { env: this.env, timeoutMs: 120_000 });
  }

  /** `up`, until every service is healthy. */
  async up(): Promise<void> {
    await this.compose("up", "-d");
    await this.healthy();
  }

  async healthy(): Promise<void> {
    await waitFor(
      "every service to be healthy",
      async () => {
        const states = await this.services();
        const late = [...states].filter(([, { status }]) => !status.includes("(healthy)"));
        if (late.length > 0) throw new Error(late.map(([name, { status }]) => `${name}: ${status}`).join(", "));
        return states.size > 0;
      },
      { timeoutMs: 60_000, everyMs: 300 },
    );
  }

  /** By name of the service; those that ended too. */
  async services(): Promise<Map<string, ServiceState>> {
    const format = '{{.Label "com.docker.compose.service"}}|{{.ID}}|{{.State}}|{{.Status}}';
    const filter = `label=com.docker.compose.project=${PROJECT}`;
    const { stdout } = await this.engine.docker(["ps", "--all", "--filter", filter, "--format", format]);
    const rows = stdout
      .trim()
      .split("\n")
      .filter(Boolean)
      .map((line) => line.split("|") as [string, string, string, string]);
    return new Map(rows.map(([name, id, state, status]) => [name, { id, state, status }]));
  }

  /** `docker-compose exec` without a terminal. */
  exec(service: string, ...command: string[]): Promise<RunResult> {
    return this.compose("exec", "-T", service, ...command);
  }

  tryExec(service: string, ...command: string[]): Promise<RunResult> {
    return this.tryCompose("exec", "-T", service, ...command);
  }

  /** A `warren` command in a host, parsed. */
  async warren<T>(service: string, ...words: string[]): Promise<T> {
    return JSON.parse((await this.exec(service, "warren", ...words, "-o", "json")).stdout) as T;
  }

  down(): Promise<RunResult> {
    return this.compose("down");
  }
}
