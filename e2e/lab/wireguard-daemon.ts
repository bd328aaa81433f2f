/** A WireGuard of user space as a process of the lab. */
import { existsSync, readdirSync, rmdirSync, rmSync } from "node:fs";
import { WarrenError } from "@warren/common/errors/warren-error.ts";
import type { LabNode } from "./node.ts";
import type { Supervised } from "./supervised.ts";
import { WaitEnded, waitFor } from "./wait-for.ts";

/** How it is started in the foreground. */
export interface WireGuardCommand {
  readonly program: string;
  readonly args: (device: string) => readonly string[];
  readonly env?: NodeJS.ProcessEnv;
}

/** Where every WireGuard of user space has its sockets, whatever network namespace it is in. */
const SOCKETS = "/var/run/wireguard";

export function wireGuardGo(program: string): WireGuardCommand {
  return { program, args: (device) => ["-f", device], env: { WG_PROCESS_FOREGROUND: "1" } };
}

/**
 * @param device its name also names the socket: unique on the machine, as the lab's name is
 * @param what for messages
 */
export function launchWireGuard(
  node: LabNode,
  device: string,
  { program, args, env }: WireGuardCommand,
  what: string,
): Promise<Supervised> {
  return node.spawn(program, args(device), { what, ...(env && { env }) });
}

/** Path of the socket to configure it by, as soon as it is there. Throws `tool-failed` when the daemon ended. */
export async function wireGuardSocket(daemon: Supervised, device: string, signal?: AbortSignal): Promise<string> {
  const socketPath = `${SOCKETS}/${device}.sock`;
  await waitFor(
    `${daemon.what} to make ${socketPath}`,
    () => {
      if (daemon.running) return existsSync(socketPath);
      const said = daemon.log().trim() || "no word";
      throw new WaitEnded(new WarrenError("tool-failed", `${daemon.what} ended at once: ${said}`));
    },
    { signal, everyMs: 10, timeoutMs: 10_000 },
  );
  return socketPath;
}

/** Removes what a daemon that ended, or was made to, may leave behind. */
export function forgetWireGuard(device: string): void {
  rmSync(`${SOCKETS}/${device}.sock`, { force: true });
  if (existsSync(SOCKETS) && readdirSync(SOCKETS).length === 0) rmdirSync(SOCKETS);
}
