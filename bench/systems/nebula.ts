import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { run } from "@warren/common/runtime/run.ts";
import type { Lab } from "@warren/e2e/lab/lab.ts";
import type { LabNode } from "@warren/e2e/lab/node.ts";
import type { Supervised } from "@warren/e2e/lab/supervised.ts";
import type { PeerPrograms } from "../peers/peer.ts";
import { NEBULA } from "../peers/registry.ts";
import type { Path } from "../works/work.ts";
import type { Contender } from "./system.ts";

const PORT = 4242;
/** Nebula's default of `tun.mtu` is 1300 over 1500; on a link with another MTU the same room is left for headers. */
const HEADROOM = 200;

interface End {
  readonly name: string;
  readonly host: LabNode;
  readonly address: string;
}

/** Nebula on both hosts, which find each other by a static host map: no lighthouse. All else is Nebula's default. */
export class NebulaContender implements Contender {
  readonly name = NEBULA.name;
  readonly #lab: Lab;
  readonly #programs: PeerPrograms;
  readonly #directory: string;
  readonly #ends: readonly [End, End];
  #running: Supervised[] = [];
  #certified = false;

  constructor(lab: Lab, programs: PeerPrograms) {
    this.#lab = lab;
    this.#programs = programs;
    this.#directory = join(lab.directory, NEBULA.name);
    this.#ends = [
      { name: "client", host: lab.host(1), address: "198.19.5.1" },
      { name: "server", host: lab.host(2), address: "198.19.5.2" },
    ];
  }

  async setUp(signal: AbortSignal): Promise<Path> {
    const [client, server] = this.#ends;
    if (!this.#certified) await this.#certify(signal);
    this.#certified = true;
    await this.#start(client, server);
    const serverProcess = await this.#start(server, client);
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
  }

  /** A certificate authority for this lab, and a certificate of each host; their keys end with the lab. */
  async #certify(signal: AbortSignal): Promise<void> {
    mkdirSync(this.#directory, { recursive: true, mode: 0o700 });
    const certify = (...args: string[]) => run(this.#programs.path("nebula-cert"), args, { signal });
    const [caCrt, caKey] = this.#files("ca");
    await certify("ca", "-name", this.#lab.name, "-out-crt", caCrt, "-out-key", caKey);
    for (const { name, address } of this.#ends) {
      const [crt, key] = this.#files(name);
      const signing = ["-ca-crt", caCrt, "-ca-key", caKey, "-out-crt", crt, "-out-key", key];
      await certify("sign", "-name", name, "-ip", `${address}/24`, ...signing);
    }
  }

  async #start(own: End, peer: End): Promise<Supervised> {
    const config = join(this.#directory, `${own.name}.yml`);
    // JSON is YAML.
    writeFileSync(config, JSON.stringify(this.#config(own, peer), null, 2));
    const process = await own.host.spawn(this.#programs.path("nebula"), ["-config", config]);
    this.#running.push(process);
    return process;
  }

  #config(own: End, peer: End) {
    const [ca] = this.#files("ca");
    const [cert, key] = this.#files(own.name);
    const anybody = [{ port: "any", proto: "any", host: "any" }];
    return {
      pki: { ca, cert, key },
      static_host_map: { [peer.address]: [`${peer.host.underlay}:${PORT}`] },
      lighthouse: { am_lighthouse: false, hosts: [] },
      listen: { host: "0.0.0.0", port: PORT },
      tun: { dev: NEBULA.name, mtu: this.#lab.plan.mtu - HEADROOM },
      firewall: { outbound: anybody, inbound: anybody },
    };
  }

  /** Certificate and key of a name. */
  #files(name: string): [string, string] {
    return [join(this.#directory, `${name}.crt`), join(this.#directory, `${name}.key`)];
  }
}
