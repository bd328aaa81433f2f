import { spawn } from "node:child_process";
import { closeSync, constants, mkdirSync, openSync } from "node:fs";
import { dirname, join } from "node:path";
import { WarrenError } from "@warren/common/errors/warren-error.ts";
import { isExecutable } from "@warren/common/runtime/is-executable.ts";
import { type IpLine, ipBatch } from "../platform/linux/ip.ts";
import { machineMounts, NETNS_DIR } from "../platform/linux/mount.ts";
import { inNetns, netnsExists, netnsInode, openNetns, removeNetnsFile } from "../platform/linux/netns.ts";
import { processesInNetns, processRuns, processStartTime, signalProcess } from "../platform/linux/process.ts";
import { listSysctl, readSysctl, writeSysctl } from "../platform/linux/sysctl.ts";
import type { PodCommand, PodNetwork, PodWiring, StartedProcess } from "./pod-network.ts";

/** Next hop of every pod. Nobody owns it: a permanent neighbour entry says that the host end of the veth has it. */
const GATEWAY4 = "169.254.1.1";
const GATEWAY6 = "fe80::1";

/**
 * Pods as network namespaces on this kernel. Two `ip` processes and one visit to the namespace per pod:
 *
 *     agent's namespace                            pod's namespace
 *     route 10.244.1.2/32 ─▶ wrn3f… ◀── veth ──▶ eth0 10.244.1.2/32 ─▶ default via 169.254.1.1 (permanent neighbour)
 *
 * Both ends have fixed Ethernet addresses and permanent neighbour entries, so neither side ever asks the other (ARP and
 * neighbour discovery of a pod can fool nobody), and the first packet does not wait for an answer.
 */
export function createLinuxPodNetwork(): PodNetwork {
  const mounts = machineMounts();
  const pathOf = (netns: string): string => join(mounts.netnsDir, netns);

  async function wire(wiring: PodWiring, withNetns: boolean): Promise<void> {
    const prefix = mounts.prefix;
    const made: IpLine[] = [...(withNetns ? [["netns", "add", wiring.netns]] : []), linkLine(wiring)];
    // One process for both, except where new interfaces come without IPv6: no route to them before it is on.
    const apart = hasIpv6(wiring) && readSysctl(["net", "ipv6", "conf", "default", "disable_ipv6"]) === "1";
    await ipBatch(apart ? made : [...made, ...hostRoutes(wiring)], { prefix });
    hardenHostEnd(wiring);
    if (apart) await ipBatch(hostRoutes(wiring));
    const fd = openNetns(pathOf(wiring.netns));
    try {
      inNetns(fd, () => hardenPod(wiring));
    } finally {
      closeSync(fd);
    }
    await ipBatch(podLines(wiring), { netns: wiring.netns, prefix });
  }

  async function remove(wiring: PodWiring, graceMs: number): Promise<void> {
    const path = pathOf(wiring.netns);
    const inode = netnsInode(path);
    if (inode !== null) await endProcesses(inode, graceMs);
    // The link first: a namespace dies some time after its last user, and the link with it.
    const lines: IpLine[] = linkExists(wiring.hostInterface) ? [["link", "del", wiring.hostInterface]] : [];
    if (inode !== null) lines.push(["netns", "del", wiring.netns]);
    await ipBatch(lines, { prefix: mounts.prefix });
    removeNetnsFile(path);
  }

  async function resizePodEnd({ netns, mtu, gsoMaxSegments }: PodWiring): Promise<void> {
    const sizes = ["mtu", String(mtu), "gso_max_segs", String(gsoMaxSegments)];
    await ipBatch([["link", "set", "eth0", ...sizes]], { netns, prefix: mounts.prefix });
  }

  return {
    netnsPath: (netns) => `${NETNS_DIR}/${netns}`,
    runs: processRuns,
    remove,

    async make(wiring) {
      await remove(wiring, 0);
      await wire(wiring, true);
    },

    async repair(wiring) {
      const hasNetns = netnsExists(pathOf(wiring.netns));
      const hasLink = linkExists(wiring.hostInterface);
      if (hasNetns && hasLink) {
        await ipBatch(hostRoutes(wiring));
        hardenHostEnd(wiring);
        // The underlay's MTU may be another since: an end that takes less than the other sends drops silently.
        await resizePodEnd(wiring);
        return "kept";
      }
      if (hasLink) await ipBatch([["link", "del", wiring.hostInterface]]);
      if (!hasNetns) removeNetnsFile(pathOf(wiring.netns));
      await wire(wiring, !hasNetns);
      return "remade";
    },

    async resize(wiring) {
      await resizePodEnd(wiring);
      await ipBatch([["link", "set", wiring.hostInterface, "mtu", String(wiring.mtu)]]);
    },

    start: (wiring, command) => startInNetns(pathOf(wiring.netns), command),
  };
}

function linkLine(wiring: PodWiring): IpLine {
  const mtu = String(wiring.mtu);
  return [
    ...["link", "add", wiring.hostInterface, "mtu", mtu, "address", wiring.hostMac, "type", "veth"],
    ...["peer", "name", "eth0", "mtu", mtu, "address", wiring.podMac, "netns", wiring.netns],
  ];
}

/** What may have been lost while the pod was not looked after; each line sets, none adds. */
function hostRoutes(wiring: PodWiring): IpLine[] {
  const host = wiring.hostInterface;
  return [
    ["link", "set", host, "mtu", String(wiring.mtu), "up"],
    ...wiring.addresses.flatMap((address) => [
      ["route", "replace", hostPrefix(address), "dev", host],
      ["neigh", "replace", address, "lladdr", wiring.podMac, "dev", host, "nud", "permanent"],
    ]),
  ];
}

function podLines(wiring: PodWiring): IpLine[] {
  return [
    ["link", "set", "lo", "up"],
    ["link", "set", "eth0", "gso_max_segs", String(wiring.gsoMaxSegments), "up"],
    ...wiring.addresses.flatMap((address) => {
      const v6 = address.includes(":");
      const gateway = v6 ? GATEWAY6 : GATEWAY4;
      return [
        ["address", "add", hostPrefix(address), "dev", "eth0", ...(v6 ? ["nodad"] : [])],
        ["neigh", "replace", gateway, "lladdr", wiring.hostMac, "dev", "eth0", "nud", "permanent"],
        ["route", "replace", "default", "via", gateway, "dev", "eth0", "onlink"],
      ];
    }),
  ];
}

function hostPrefix(address: string): string {
  return `${address}/${address.includes(":") ? 128 : 32}`;
}

/**
 * The end that faces the pod trusts nothing from it: sources other than the pod's are dropped (strict reverse path,
 * IPv4; nftables does it for both families), router advertisements and redirects are not listened to (CVE-2020-10749).
 */
function hardenHostEnd(wiring: PodWiring): void {
  const host = wiring.hostInterface;
  writeSysctl(["net", "ipv4", "conf", host, "rp_filter"], "1");
  writeSysctl(["net", "ipv4", "conf", host, "accept_redirects"], "0");
  writeSysctl(["net", "ipv4", "conf", host, "send_redirects"], "0");
  if (!hasIpv6(wiring)) {
    writeSysctl(["net", "ipv6", "conf", host, "disable_ipv6"], "1");
    return;
  }
  writeSysctl(["net", "ipv6", "conf", host, "disable_ipv6"], "0");
  writeSysctl(["net", "ipv6", "conf", host, "accept_ra"], "0");
  writeSysctl(["net", "ipv6", "conf", host, "accept_redirects"], "0");
}

/** Runs inside the pod's namespace, before its interface is up. */
function hardenPod(wiring: PodWiring): void {
  const ipv6 = hasIpv6(wiring);
  for (const name of ["all", "default", "eth0"]) {
    writeSysctl(["net", "ipv4", "conf", name, "accept_redirects"], "0");
    writeSysctl(["net", "ipv6", "conf", name, "accept_ra"], "0");
    writeSysctl(["net", "ipv6", "conf", name, "accept_redirects"], "0");
    // A pod with IPv4 only must not get IPv6 from anybody else (CVE-2024-32473).
    if (!ipv6 || name === "eth0") writeSysctl(["net", "ipv6", "conf", name, "disable_ipv6"], ipv6 ? "0" : "1");
  }
}

function hasIpv6(wiring: PodWiring): boolean {
  return wiring.addresses.some((address) => address.includes(":"));
}

/** By the directory of its settings: `/sys/class/net` shows the namespace it was mounted in, which may be another. */
function linkExists(name: string): boolean {
  return listSysctl(["net", "ipv4", "conf", name]).length > 0;
}

const POLL_MS = 20;
/** KILL cannot be caught; what is still there after this long hangs in the kernel. */
const KILL_WAIT_MS = 2_000;

/** Ends all processes of a namespace, however they were started. New ones that appear meanwhile are ended too. */
async function endProcesses(inode: number, graceMs: number): Promise<void> {
  if (graceMs > 0) await signalUntilGone(inode, "SIGTERM", graceMs);
  const left = await signalUntilGone(inode, "SIGKILL", KILL_WAIT_MS);
  if (left.length > 0)
    throw new WarrenError("timeout", `processes ${left.join(", ")} in the pod do not end; try again later`);
}

async function signalUntilGone(inode: number, signal: NodeJS.Signals, waitMs: number): Promise<number[]> {
  const deadline = performance.now() + waitMs;
  const told = new Set<number>();
  for (;;) {
    const pids = processesInNetns(inode).filter((pid) => processStartTime(pid) !== null && pid !== process.pid);
    if (pids.length === 0 || performance.now() >= deadline) return pids;
    for (const pid of pids) {
      if (!told.has(pid)) signalProcess(pid, signal);
      told.add(pid);
    }
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

/**
 * `nsenter` and not `ip netns exec`: the latter mounts another `/sys`, which hides control groups from the program. The
 * program leads a session of its own and writes to a file, so nothing ties it to the agent.
 */
function startInNetns(path: string, command: PodCommand): Promise<StartedProcess> {
  const [program, ...args] = command.argv;
  checkProgram(program!, command.env["PATH"] ?? "");
  mkdirSync(dirname(command.logFile), { recursive: true, mode: 0o700 });
  const log = openSync(command.logFile, constants.O_WRONLY | constants.O_CREAT | constants.O_APPEND, 0o600);
  const child = spawn("nsenter", [`--net=${path}`, "--", program!, ...args], {
    detached: true,
    stdio: ["ignore", log, log],
    cwd: "/",
    env: command.env,
  });
  closeSync(log);
  child.unref();
  return new Promise((resolve, reject) => {
    child.once("error", (error) =>
      reject(new WarrenError("tool-missing", "nsenter (package util-linux) cannot be started", { cause: error })),
    );
    child.once("spawn", () => {
      const exited = new Promise<number | string>((done) =>
        child.once("exit", (code, signal) => done(code ?? signal ?? "unknown")),
      );
      resolve({ pid: child.pid!, startTime: processStartTime(child.pid!) ?? 0, exited });
    });
  });
}

/** A program that is not there is told to whoever asks for the pod, not to a log file that nobody reads. */
function checkProgram(program: string, path: string): void {
  const candidates = program.includes("/") ? [program] : path.split(":").map((dir) => join(dir, program));
  if (candidates.some(isExecutable)) return;
  throw new WarrenError("usage", `${JSON.stringify(program)} is not a program of this host; give its path`);
}
