import { delimiter, join } from "node:path";
import { WarrenError } from "../packages/common/src/errors/warren-error.ts";
import { isExecutable } from "../packages/common/src/runtime/is-executable.ts";
import { type RunResult, tryRun } from "../packages/common/src/runtime/run.ts";

/** Programs of the host that Warren, its demo, its tests and its benchmarks call, and the Debian package of each. */
const DEBIAN_PACKAGES = {
  bridge: "iproute2",
  chromium: "chromium",
  debootstrap: "debootstrap",
  "docker-compose": "docker-compose",
  dockerd: "docker.io",
  ethtool: "ethtool",
  ip: "iproute2",
  iperf3: "iperf3",
  iptables: "iptables",
  nft: "nftables",
  nsenter: "util-linux",
  ping: "iputils-ping",
  sockperf: "sockperf",
  sysctl: "procps",
  "systemd-nspawn": "systemd-container",
  tc: "iproute2",
  tcpdump: "tcpdump",
  tshark: "tshark",
} as const;

export type HostTool = keyof typeof DEBIAN_PACKAGES;

/** What the function reaches the machine with; tests give their own. */
export interface HostAccess {
  readonly isRoot: boolean;
  readonly has: (program: string) => boolean;
  readonly apt: (args: readonly string[]) => Promise<RunResult>;
  readonly say: (line: string) => void;
}

/**
 * Makes sure that the programs are installed: what is missing comes with apt when this process is root, with a line on
 * standard error that says so. Also puts the system's own program folders on PATH, which a user's shell may lack.
 * @throws WarrenError `tool-missing` with the command that installs what is absent
 */
export async function ensureHostTools(tools: readonly HostTool[], host: HostAccess = thisHost()): Promise<void> {
  const missing = tools.filter((tool) => !host.has(tool));
  if (missing.length === 0) return;
  const packages = [...new Set(missing.map((tool) => DEBIAN_PACKAGES[tool]))];
  const advice = `install with: apt-get install ${packages.join(" ")}`;
  if (!host.isRoot) throw new WarrenError("tool-missing", `${missing.join(", ")}: not installed; ${advice}`);
  if (!host.has("apt-get")) {
    throw new WarrenError("tool-missing", `${missing.join(", ")}: not installed, and there is no apt-get; ${advice}`);
  }

  const result = await installPackages(packages, missing.join(", "), host);
  const still = missing.filter((tool) => !host.has(tool));
  if (still.length === 0) return;
  const said = result.stderr.trim().split("\n").slice(-3).join("; ") || `apt-get ended with ${result.code}`;
  throw new WarrenError("tool-missing", `${still.join(", ")}: not installed, and apt could not: ${said}`);
}

/** Installs Debian packages with apt, with a line on standard error that says so. @returns what apt ended with */
export async function installPackages(
  packages: readonly string[],
  purpose: string,
  host: HostAccess = thisHost(),
): Promise<RunResult> {
  host.say(`installing ${packages.join(", ")} with apt (for ${purpose}) …`);
  const install = ["install", "--yes", "--no-install-recommends", ...packages];
  const result = await host.apt(install);
  if (result.code === 0) return result;
  // Package lists that are missing or old are the usual reason.
  await host.apt(["update"]);
  return host.apt(install);
}

function thisHost(): HostAccess {
  const folders = new Set([...(process.env["PATH"] ?? "").split(delimiter), "/usr/sbin", "/sbin"].filter(Boolean));
  process.env["PATH"] = [...folders].join(delimiter);
  return {
    isRoot: process.getuid?.() === 0,
    has: (program) => [...folders].some((folder) => isExecutable(join(folder, program))),
    apt: (args) =>
      tryRun("apt-get", ["-o", "DPkg::Lock::Timeout=120", ...args], {
        timeoutMs: 600_000,
        env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" },
      }),
    say: (line) => void process.stderr.write(`warren: ${line}\n`),
  };
}
