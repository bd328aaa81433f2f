/** A host without an agent that speaks WireGuard with wireguard-go: set up by what `warren peer config` prints. */

import type { Lab } from "../lab/lab.ts";
import { ipBatch } from "../lab/netns.ts";
import type { LabNode } from "../lab/node.ts";
import type { Supervised } from "../lab/supervised.ts";
import { waitFor } from "../lab/wait-for.ts";
import { WARREN } from "../lab/warren-process.ts";
import { forgetWireGuard, launchWireGuard, type WireGuardCommand, wireGuardSocket } from "../lab/wireguard-daemon.ts";
import {
  configureWireGuard,
  type WireGuardKeys,
  type WireGuardPeer,
  wireGuardKeys,
  wireGuardPeers,
} from "../lab/wireguard-uapi.ts";
import { readWgQuick, toUapi, type WgQuick } from "./wg-quick.ts";

export interface WireGuardHostOptions {
  /** Number of the host in the lab. */
  readonly host: number;
  readonly command: WireGuardCommand;
  /** What the mesh is told of where it is; the host's underlay address and port 51820 unless said. */
  readonly endpoint?: string;
  /** Prefixes behind it; a network of both families outside the pools unless said. */
  readonly allowedIps?: readonly string[];
  /** Seconds of PersistentKeepalive. */
  readonly keepalive?: number;
}

const NAME = "wireguard-go";
const ALLOWED_IPS = ["10.99.3.0/24", "fd99:3::/64"];

/**
 * `join` tells the mesh of it (`warren peer add`), `start` starts wireguard-go and configures that by what the mesh then
 * says (`warren peer config`).
 */
export class WireGuardHost {
  readonly name = NAME;
  readonly label = NAME;
  readonly node: LabNode;
  readonly device: string;
  readonly allowedIps: readonly string[];
  keys: WireGuardKeys = wireGuardKeys();
  readonly #lab: Lab;
  readonly #options: WireGuardHostOptions;
  #config: WgQuick | null = null;
  #running: { readonly daemon: Supervised; readonly socketPath: string } | null = null;

  constructor(lab: Lab, options: WireGuardHostOptions) {
    this.node = lab.host(options.host);
    this.device = `${lab.name}w`;
    this.allowedIps = options.allowedIps ?? ALLOWED_IPS;
    this.#lab = lab;
    this.#options = options;
  }

  /** What the mesh said when it was asked last. */
  get config(): WgQuick {
    if (this.#config === null) throw new Error("the mesh was not asked for a configuration");
    return this.#config;
  }

  /** Its own address in the overlay. */
  address(family: 4 | 6): string {
    const found = this.config.addresses.find((address) => address.includes(":") === (family === 6));
    return found!.split("/")[0]!;
  }

  /** Starts a program of the lab on the host. */
  spawn(program: string, args: readonly string[]): Promise<Supervised> {
    return this.node.spawn(program, args);
  }

  /** Makes it a peer of the mesh, under its keys of this moment, and asks for the configuration. */
  async join(): Promise<void> {
    const { endpoint = socketAddress(this.node.underlay) } = this.#options;
    const args = ["--public-key", base64(this.keys.publicKey), "--endpoint", endpoint];
    for (const cidr of this.allowedIps) args.push("--allowed-ips", cidr);
    await this.#lab.warren("control", "peer", "add", NAME, ...args);
    await this.readConfig();
  }

  async leave(): Promise<void> {
    await this.#lab.warren("control", "peer", "del", NAME);
  }

  /** Asks the mesh for the configuration, as its user would. */
  async readConfig(): Promise<WgQuick> {
    const { keepalive } = this.#options;
    const more = keepalive === undefined ? [] : ["--keepalive", String(keepalive)];
    const args = ["peer", "config", NAME, "--run-dir", this.#lab.controlPlane.runDir, ...more];
    this.#config = readWgQuick((await this.#lab.control.run(WARREN, args)).stdout);
    return this.#config;
  }

  /** Starts the daemon and does what `wg-quick up` would. */
  async start(): Promise<void> {
    const daemon = await launchWireGuard(this.node, this.device, this.#options.command, NAME);
    const socketPath = await wireGuardSocket(daemon, this.device);
    this.#running = { daemon, socketPath };
    await this.configure([`private_key=${this.keys.privateKey}`, ...toUapi(this.config)]);
    const routes = this.config.peers.flatMap((peer) => peer.allowedIps);
    await ipBatch(
      [
        ...this.config.addresses.map((cidr) => `address add ${cidr} dev ${this.device}${nodad(cidr)}`),
        `link set ${this.device} mtu ${this.config.mtu} up`,
        ...routes.map((cidr) => `route add ${cidr} dev ${this.device}`),
      ],
      this.node.netns,
    );
  }

  /** Ends the daemon, and its device with it. */
  async stop(): Promise<void> {
    await this.#running?.daemon.end();
    this.#running = null;
    forgetWireGuard(this.device);
  }

  /** Hands `key=value` lines to the daemon. */
  configure(lines: readonly string[]): Promise<void> {
    return configureWireGuard(this.#socketPath, lines);
  }

  /** How it sees the node. Throws when it does not know it. */
  async peer(node: string): Promise<WireGuardPeer> {
    const { publicKey } = this.config.peers.find((peer) => peer.name === node)!;
    const found = (await wireGuardPeers(this.#socketPath)).find((peer) => peer.publicKey === hex(publicKey));
    if (!found) throw new Error(`${NAME} has no peer ${node}`);
    return found;
  }

  /** Forgets the node and, with `again`, is told of it anew: all sessions with it are gone. */
  async forgetPeer(node: string, again: boolean): Promise<void> {
    const peer = this.config.peers.find(({ name }) => name === node)!;
    await this.configure([`public_key=${hex(peer.publicKey)}`, "remove=true"]);
    if (again) await this.configure(toUapi({ ...this.config, listenPort: null, peers: [peer] }));
  }

  /** Resolves when the node has made a session with it after `since`, as `peer` counts. */
  async handshakeAfter(node: string, since: number, timeoutMs = 20_000): Promise<WireGuardPeer> {
    return waitFor(
      `a handshake of ${NAME} with ${node}`,
      async () => {
        const peer = await this.peer(node);
        return peer.lastHandshake > since && peer;
      },
      { timeoutMs },
    );
  }

  get #socketPath(): string {
    if (this.#running === null) throw new Error(`${NAME} does not run`);
    return this.#running.socketPath;
  }
}

export const hex = (base64Text: string) => Buffer.from(base64Text, "base64").toString("hex");
export const base64 = (hexText: string) => Buffer.from(hexText, "hex").toString("base64");

/** `ADDRESS:PORT` with the port that WireGuard has by custom. */
function socketAddress(address: string, port = 51_820): string {
  return address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`;
}

const nodad = (cidr: string) => (cidr.includes(":") ? " nodad" : "");
