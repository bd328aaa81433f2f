/**
 * A Docker engine of a test's own: its files below one directory, its networks and packet filter in a network namespace of
 * its own, so that it touches neither an engine of this machine nor the machine's network.
 *
 *     home/  data  exec  docker.sock  pid  log
 *
 * A namespace has no way out. Images are therefore built by the same engine in the machine's namespace first, where it
 * makes no bridge and no rule (`build`), then it is started again inside (`run`).
 */
import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, mkdirSync, openSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { WarrenError } from "@warren/common/errors/warren-error.ts";
import { type RunOptions, type RunResult, run, tryRun } from "@warren/common/runtime/run.ts";
import { netnsPath } from "../lab/netns.ts";
import { podProgram } from "../lab/pod.ts";
import { WaitEnded, waitFor } from "../lab/wait-for.ts";

/** What an engine in the machine's namespace must leave alone. */
const NO_NETWORK = [
  "--bridge",
  "none",
  "--iptables=false",
  "--ip6tables=false",
  "--ip-forward=false",
  "--ip-masq=false",
];

export type EngineMode = "build" | "run" | "run without /dev/net/tun";

export class Engine {
  readonly home: string;
  readonly netns: string;
  #process: ChildProcess | undefined;

  /** @param netns name of an existing namespace */
  constructor(home: string, netns: string) {
    this.home = home;
    this.netns = netns;
    mkdirSync(home, { recursive: true });
  }

  /** What makes docker and docker-compose talk to this engine, and build as Docker without BuildKit does. */
  get env(): NodeJS.ProcessEnv {
    const socket = `unix://${join(this.home, "docker.sock")}`;
    return { ...process.env, DOCKER_HOST: socket, DOCKER_BUILDKIT: "0", COMPOSE_DOCKER_CLI_BUILD: "0" };
  }

  docker(args: readonly string[], options: RunOptions = {}): Promise<RunResult> {
    return run("docker", args, { env: this.env, ...options });
  }

  /** Starts the engine; one that runs already is stopped first. Throws `unavailable` with its last words. */
  async start(mode: EngineMode): Promise<void> {
    await this.stop();
    const flags = ["--data-root", "data", "--exec-root", "exec", "--pidfile", "pid"];
    const paths = flags.map((word, index) => (index % 2 === 0 ? word : join(this.home, word)));
    const words = ["dockerd", ...paths, "--host", `unix://${join(this.home, "docker.sock")}`];
    const inside = ["nsenter", `--net=${netnsPath(this.netns)}`];
    const withoutTun = [
      ...["unshare", "--mount", "--propagation", "slave", process.execPath, podProgram("in-private-mounts.mjs")],
      ...["-t", "tmpfs", "none", "/dev/net", "--", "/usr/bin/env"],
    ];
    const [program, ...args] =
      mode === "build" ? [...words, ...NO_NETWORK] : [...inside, ...(mode === "run" ? [] : withoutTun), ...words];
    const log = openSync(join(this.home, "log"), "w");
    const engine = spawn(program!, args, { stdio: ["ignore", log, log], detached: true });
    closeSync(log);
    this.#process = engine;
    await waitFor(
      "the Docker engine",
      async () => {
        if (engine.exitCode !== null) throw new WaitEnded(new WarrenError("unavailable", this.#lastWords()));
        return (await tryRun("docker", ["info"], { env: this.env })).code === 0;
      },
      { timeoutMs: 60_000, everyMs: 200 },
    );
  }

  /** SIGTERM: the engine ends its containers first. */
  async stop(): Promise<void> {
    const engine = this.#process;
    if (!engine || engine.exitCode !== null || engine.signalCode !== null) return;
    const ended = new Promise<void>((resolve) => void engine.once("exit", () => resolve()));
    engine.kill("SIGTERM");
    const late = setTimeout(() => engine.kill("SIGKILL"), 30_000);
    await ended;
    clearTimeout(late);
  }

  #lastWords(): string {
    const lines = readFileSync(join(this.home, "log"), "utf8").trim().split("\n");
    return lines.filter((line) => /level=(fatal|error)|failed/.test(line)).at(-1) ?? lines.at(-1) ?? "no word";
  }
}
