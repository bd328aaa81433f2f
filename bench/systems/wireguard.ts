import { existsSync, readdirSync, rmdirSync, rmSync } from "node:fs";
import { WarrenError } from "@warren/common/errors/warren-error.ts";
import type { Lab } from "@warren/e2e/lab/lab.ts";
import { ipBatch } from "@warren/e2e/lab/netns.ts";
import type { Supervised } from "@warren/e2e/lab/supervised.ts";
import { WaitEnded, waitFor } from "@warren/e2e/lab/wait-for.ts";
import { daemonPair, type End } from "./daemon-pair.ts";
import type { Contender } from "./system.ts";
import { configureWireGuard, type WireGuardKeys, wireGuardKeys } from "./wireguard-uapi.ts";

/** How a WireGuard of user space is started in the foreground. */
export interface WireGuardCommand {
  readonly program: string;
  readonly args: (device: string) => readonly string[];
  readonly env?: NodeJS.ProcessEnv;
}

interface WireGuardEnd extends End {
  readonly device: string;
  readonly socketPath: string;
  readonly keys: WireGuardKeys;
}

const PORT = 51820;
/** What `wg-quick` leaves for the headers: outer IPv6 40, UDP 8, WireGuard 32. */
const OVERHEAD = 80;
/** Where every WireGuard of user space has its sockets, whatever network namespace it is in. */
const SOCKETS = "/var/run/wireguard";

/** A WireGuard of user space on both hosts, each the other's only peer; device, addresses and route as `wg-quick`. */
export function wireGuardContender(name: string, lab: Lab, command: WireGuardCommand): Contender {
  const end = (number: 1 | 2, address: string): WireGuardEnd => {
    // The name of the device names its socket: unique on the machine, as the lab's name is.
    const device = `${lab.name}w${number}`;
    const socketPath = `${SOCKETS}/${device}.sock`;
    return { host: lab.host(number), address, device, socketPath, keys: wireGuardKeys() };
  };
  const ends = [end(1, "198.19.3.1"), end(2, "198.19.4.1")] as const;
  const socketsWereThere = existsSync(SOCKETS);
  return daemonPair({
    name,
    ends,
    launch: ({ host, device }) => {
      const { program, args, env } = command;
      return host.spawn(program, args(device), { what: name, ...(env && { env }) });
    },
    configure: async (daemon, own, peer, signal) => {
      await hasSocket(daemon, own, signal);
      await configureWireGuard(
        own.socketPath,
        [
          `private_key=${own.keys.privateKey}`,
          `listen_port=${PORT}`,
          `public_key=${peer.keys.publicKey}`,
          `endpoint=${peer.host.underlay}:${PORT}`,
          `allowed_ip=${peer.address}/32`,
        ],
        signal,
      );
      await ipBatch(
        [
          `address add ${own.address}/32 dev ${own.device}`,
          `link set ${own.device} mtu ${lab.plan.mtu - OVERHEAD} up`,
          `route add ${peer.address}/32 dev ${own.device}`,
        ],
        own.host.netns,
      );
    },
    after: () => {
      for (const { socketPath } of ends) rmSync(socketPath, { force: true });
      if (!socketsWereThere && existsSync(SOCKETS) && readdirSync(SOCKETS).length === 0) rmdirSync(SOCKETS);
    },
  });
}

async function hasSocket(daemon: Supervised, { socketPath }: WireGuardEnd, signal: AbortSignal): Promise<void> {
  await waitFor(
    `${daemon.what} to make ${socketPath}`,
    () => {
      if (daemon.running) return existsSync(socketPath);
      const said = daemon.log().trim() || "no word";
      throw new WaitEnded(new WarrenError("tool-failed", `${daemon.what} ended at once: ${said}`));
    },
    { signal, everyMs: 10, timeoutMs: 10_000 },
  );
}
