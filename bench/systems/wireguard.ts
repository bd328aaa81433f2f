import { existsSync, readdirSync, rmdirSync, rmSync } from "node:fs";
import { WarrenError } from "@warren/common/errors/warren-error.ts";
import type { Lab } from "@warren/e2e/lab/lab.ts";
import { ipBatch } from "@warren/e2e/lab/netns.ts";
import type { LabNode } from "@warren/e2e/lab/node.ts";
import type { Supervised } from "@warren/e2e/lab/supervised.ts";
import { WaitEnded, waitFor } from "@warren/e2e/lab/wait-for.ts";
import type { Path } from "../works/work.ts";
import type { Contender } from "./system.ts";
import { configureWireGuard, type WireGuardKeys, wireGuardKeys } from "./wireguard-uapi.ts";

/** How a WireGuard of user space is started in the foreground. */
export interface WireGuardCommand {
  readonly program: string;
  args(device: string): readonly string[];
  readonly env?: NodeJS.ProcessEnv;
}

const PORT = 51820;
/** What `wg-quick` leaves for the headers: outer IPv6 40, UDP 8, WireGuard 32. */
const OVERHEAD = 80;
/** Where every WireGuard of user space has its sockets, whatever network namespace it is in. */
const SOCKETS = "/var/run/wireguard";
const ADDRESSES = ["198.19.3.1", "198.19.4.1"] as const;

interface End {
  readonly host: LabNode;
  readonly address: string;
  readonly device: string;
  readonly socketPath: string;
  readonly keys: WireGuardKeys;
}

/** A WireGuard of user space on both hosts, each the other's only peer; device, addresses and route as `wg-quick`. */
export class WireGuardContender implements Contender {
  readonly name: string;
  readonly #command: WireGuardCommand;
  readonly #ends: readonly [End, End];
  readonly #overlayMtu: number;
  #running: Supervised[] = [];
  /** True when `SOCKETS` was not there before. */
  #madeSockets = false;

  constructor(name: string, lab: Lab, command: WireGuardCommand) {
    this.name = name;
    this.#command = command;
    this.#overlayMtu = lab.plan.mtu - OVERHEAD;
    // The name of the device names its socket: unique on the machine, as the lab's name is.
    this.#ends = ADDRESSES.map((address, index) => {
      const device = `${lab.name}w${index}`;
      return {
        host: lab.host(index + 1),
        address,
        device,
        socketPath: `${SOCKETS}/${device}.sock`,
        keys: wireGuardKeys(),
      };
    }) as unknown as readonly [End, End];
  }

  async setUp(signal: AbortSignal): Promise<Path> {
    const [client, server] = this.#ends;
    this.#madeSockets ||= !existsSync(SOCKETS);
    await this.#start(client, server, signal);
    const serverProcess = await this.#start(server, client, signal);
    return {
      client: client.host,
      server: server.host,
      serverAddress: server.address,
      serverProcesses: [serverProcess],
    };
  }

  async tearDown(): Promise<void> {
    for (const process of this.#running) await process.end(2_000);
    this.#running = [];
    for (const { socketPath } of this.#ends) rmSync(socketPath, { force: true });
    if (this.#madeSockets && existsSync(SOCKETS) && readdirSync(SOCKETS).length === 0) rmdirSync(SOCKETS);
  }

  async #start(own: End, peer: End, signal: AbortSignal): Promise<Supervised> {
    const { host, device, socketPath, address } = own;
    const { program, args, env } = this.#command;
    const process = await host.spawn(program, args(device), { what: this.name, ...(env && { env }) });
    this.#running.push(process);
    await waitFor(
      `${this.name} to make ${socketPath}`,
      () => {
        if (process.running) return existsSync(socketPath);
        throw new WaitEnded(
          new WarrenError("tool-failed", `${this.name} ended at once: ${process.log().trim() || "no word"}`),
        );
      },
      { signal, everyMs: 10, timeoutMs: 10_000 },
    );
    await configureWireGuard(
      socketPath,
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
        `address add ${address}/32 dev ${device}`,
        `link set ${device} mtu ${this.#overlayMtu} up`,
        `route add ${peer.address}/32 dev ${device}`,
      ],
      host.netns,
    );
    return process;
  }
}
