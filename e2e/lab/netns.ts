/** Network namespaces and links by iproute2, nothing else. Every function names namespaces, never changes into one. */
import { existsSync, readdirSync, statSync } from "node:fs";
import { WarrenError } from "@warren/common/errors/warren-error.ts";
import { type RunOptions, type RunResult, run, tryRun } from "@warren/common/runtime/run.ts";

export const netnsPath = (name: string) => `/run/netns/${name}`;

export function netnsExists(name: string): boolean {
  return existsSync(netnsPath(name));
}

export function listNetns(): string[] {
  return existsSync("/run/netns") ? readdirSync("/run/netns") : [];
}

/** Inode number of the namespace, as in `/proc/PID/ns/net`; null when there is none of this name. */
export function netnsInode(name: string): number | null {
  try {
    return statSync(netnsPath(name)).ino;
  } catch {
    return null;
  }
}

export async function addNetns(name: string): Promise<void> {
  await run("ip", ["netns", "add", name]);
}

/**
 * Removes the namespace with its links; nothing happens when it is gone. Tries again when `ip` was ended by a signal: a
 * Ctrl-C at the terminal reaches it as well as us.
 */
export async function deleteNetns(name: string): Promise<void> {
  let said = "";
  for (let attempt = 0; attempt < 3; attempt++) {
    if (!netnsExists(name)) return;
    said = (await tryRun("ip", ["netns", "del", name])).stderr.trim();
  }
  if (netnsExists(name)) throw new WarrenError("tool-failed", `ip netns del ${name}: ${said}`);
}

/** Runs `ip` commands, one a line without the word `ip`, in one process; in a namespace when named. */
export async function ipBatch(lines: readonly string[], netns?: string): Promise<void> {
  await run("ip", [...(netns ? ["-n", netns] : []), "-batch", "-"], { input: `${lines.join("\n")}\n` });
}

/**
 * Arguments of `nsenter` that run a program in the network namespace. Not `ip netns exec`: that would also give it a
 * private mount namespace, in which the pod namespaces an agent makes are invisible to everybody else.
 */
export function enterArgs(netns: string, program: string, args: readonly string[]): string[] {
  return [`--net=${netns.startsWith("/") ? netns : netnsPath(netns)}`, program, ...args];
}

/** Runs a program in a namespace (by name or path) to its end. Throws as `run` does. */
export function runIn(netns: string, program: string, args: readonly string[], options?: RunOptions) {
  return run("nsenter", enterArgs(netns, program, args), options);
}

/** Runs a program in a namespace and returns whatever it ended with. */
export function tryRunIn(
  netns: string,
  program: string,
  args: readonly string[],
  options?: RunOptions,
): Promise<RunResult> {
  return tryRun("nsenter", enterArgs(netns, program, args), options);
}
