import { type ChildProcess, spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { closeSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type RunResult, run, tryRun } from "@warren/common/runtime/run.ts";
import { addNetns, deleteNetns, ipBatch, netnsPath } from "../lab/netns.ts";
import { waitFor } from "../lab/wait-for.ts";

export interface MachineOptions {
  /** Host name, and what its namespace, link and container are named by. */
  readonly name: string;
  /** On the underlay, a /24. */
  readonly address: string;
  /** Layers below the machine's own, as `lowerdir=` of overlayfs. */
  readonly lower: string;
  /** Everything of the machine is below it. */
  readonly dir: string;
  /** Namespace with the bridge `br0` that machines are plugged into. */
  readonly network: string;
}

const BOOT_MS = 60_000;

/**
 * A machine as far as systemd sees it: Debian with systemd as process 1, its own /etc, /var, /run, host name, processes
 * and network, on the kernel of this one. systemd-nspawn boots it; nothing is registered with systemd out here.
 */
export class Machine {
  readonly #options: MachineOptions;
  readonly #root: string;
  #container: ChildProcess | undefined;
  #leader = 0;

  constructor(options: MachineOptions) {
    this.#options = options;
    this.#root = join(options.dir, "root");
  }

  get netns(): string {
    return `${this.#options.network}-${this.#options.name}`;
  }

  /** Makes disk and network, and boots. */
  async create(): Promise<void> {
    const { name, address, lower, dir, network } = this.#options;
    const [upper, work] = [join(dir, "upper"), join(dir, "work")];
    for (const path of [upper, work, this.#root]) mkdirSync(path, { recursive: true });
    const layers = `lowerdir=${lower},upperdir=${upper},workdir=${work}`;
    await run("mount", ["-t", "overlay", "overlay", "-o", layers, this.#root]);
    // debootstrap copies the name of the machine it runs on.
    writeFileSync(join(this.#root, "etc/hostname"), `${name}\n`);
    // Without one systemd would take this for the first boot of an image, and enable every service there is.
    writeFileSync(join(this.#root, "etc/machine-id"), `${randomUUID().replaceAll("-", "")}\n`);
    await addNetns(this.netns);
    const port = `${network}-${name}`;
    await ipBatch([`link add ${port} netns ${network} type veth peer name eth0 netns ${this.netns}`]);
    await ipBatch([`link set ${port} master br0 up`], network);
    await ipBatch(
      [
        "link set lo up",
        `address add ${address}/24 dev eth0`,
        "link set eth0 up",
        `route add default via ${gatewayOf(address)}`,
      ],
      this.netns,
    );
    await this.boot();
  }

  /** Starts systemd and waits until it says that all of it is up. */
  async boot(): Promise<void> {
    const log = openSync(join(this.#options.dir, "console.log"), "a");
    // Ends with this process, however that ends; and all of the machine with it.
    this.#container = spawn("setpriv", ["--pdeathsig=KILL", "systemd-nspawn", ...this.#arguments()], {
      stdio: ["ignore", log, log],
      detached: true,
      // `network`: /proc/sys/net can be written, as on a machine.
      env: { ...process.env, SYSTEMD_NSPAWN_API_VFS_WRITABLE: "network" },
    });
    closeSync(log);
    const { pid } = this.#container;
    await waitFor(
      `${this.#options.name} to boot`,
      async () => {
        this.#leader = childOf(pid!);
        const { stdout } = await this.try("systemctl", "is-system-running");
        return ["running", "degraded"].includes(stdout.trim());
      },
      { timeoutMs: BOOT_MS, everyMs: 200 },
    );
  }

  /** Pulls the plug: nothing in it hears of it. Its network stays plugged in. */
  async powerOff(): Promise<void> {
    const container = this.#container;
    if (!container) return;
    const ended = new Promise((resolve) => container.once("exit", resolve));
    if (container.exitCode === null && container.signalCode === null) {
      process.kill(this.#leader, "SIGKILL");
      await ended;
    }
    this.#container = undefined;
  }

  async destroy(): Promise<void> {
    await this.powerOff();
    await deleteNetns(this.netns);
    await tryRun("umount", [this.#root]);
    // nspawn leaves it where it cannot register the machine.
    rmSync(`/run/systemd/nspawn/propagate/${this.netns}`, { recursive: true, force: true });
  }

  /** Runs a program in the machine as root, with a login's PATH and nothing else of this environment. */
  try(program: string, ...args: readonly string[]): Promise<RunResult> {
    return tryRun("nsenter", this.#enter(program, args), { timeoutMs: 120_000 });
  }

  /** Throws with the program's own words when it does not end with 0. @returns what it wrote */
  async run(program: string, ...args: readonly string[]): Promise<string> {
    const { code, stdout, stderr } = await this.try(program, ...args);
    if (code !== 0)
      throw new Error(`${this.#options.name}: ${program} ${args.join(" ")} ended with ${code}: ${stderr}${stdout}`);
    return stdout;
  }

  /** A file or directory in it, from outside. */
  path(path: string): string {
    return `/proc/${this.#leader}/root${path}`;
  }

  #enter(program: string, args: readonly string[]): string[] {
    const namespaces = ["--mount", "--uts", "--ipc", "--net", "--pid", "--cgroup"];
    const path = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
    return [`--target=${this.#leader}`, ...namespaces, "--", "env", "-i", path, "HOME=/root", program, ...args];
  }

  #arguments(): string[] {
    return [
      ...["--quiet", "--boot", "--register=no", "--keep-unit", "--console=pipe", "--resolv-conf=off"],
      ...[`--machine=${this.netns}`, `--directory=${this.#root}`, `--network-namespace-path=${netnsPath(this.netns)}`],
      ...["--capability=CAP_NET_ADMIN", "--bind=/dev/net/tun"],
    ];
  }
}

/** Process 1 of the container. */
function childOf(pid: number): number {
  const [child] = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim().split(" ");
  if (!child) throw new Error("the container has no process yet");
  return Number(child);
}

/** Nobody is there: a default route makes a host, not a way out. */
function gatewayOf(address: string): string {
  return address.replace(/\d+$/, "254");
}
