import { join } from "node:path";
import type { AgentIpam, PeerInfo } from "@warren/common/api/types.ts";
import { WarrenError } from "@warren/common/errors/warren-error.ts";
import type { Lab } from "@warren/e2e/lab/lab.ts";
import { waitFor } from "@warren/e2e/lab/wait-for.ts";
import type { WarrenProcess } from "@warren/e2e/lab/warren-process.ts";
import { warrenVersion } from "../warren-version.ts";
import type { Path } from "../works/work.ts";
import type { Contender, System } from "./system.ts";

export interface WarrenVariant {
  readonly name: string;
  readonly about: string;
  /** Further flags of `warren agent`, the same on both hosts. */
  readonly agentFlags?: readonly string[];
  /** Further flags of `warren control`. */
  readonly controlFlags?: readonly string[];
  /** How the nodes are to reach each other before anything is measured; a plain route is laid a while after the start. */
  readonly path?: PeerInfo["path"];
}

/** Warren as a user runs it: `./warren control` on the first host, `./warren agent` on both. */
export function warrenSystem(variant: WarrenVariant): System {
  const { name, about } = variant;
  return {
    name,
    about,
    describe: warrenVersion,
    prepare: async () => ({ version: await warrenVersion(), on: (lab) => new WarrenContender(lab, variant) }),
  };
}

class WarrenContender implements Contender {
  readonly name: string;
  readonly #lab: Lab;
  readonly #variant: WarrenVariant;
  #running: WarrenProcess[] = [];

  constructor(lab: Lab, variant: WarrenVariant) {
    this.name = variant.name;
    this.#lab = lab;
    this.#variant = variant;
  }

  /**
   * The first time the agents join; after that they come back with the state they have, as after a reboot. Variants are
   * clusters of their own: each keeps its state in directories of its own.
   */
  async setUp(signal: AbortSignal): Promise<Path> {
    const lab = this.#lab;
    const { agentFlags = [], controlFlags = [], path } = this.#variant;
    const dataDir = (role: string) => join(lab.directory, this.name, role);
    const control = lab.prepareControl({ flags: controlFlags, dataDir: dataDir("control") });
    this.#running = [control];
    await control.start(30_000, signal);
    const agents = await Promise.all(
      [1, 2].map((number) => lab.prepareAgent(number, { flags: agentFlags, dataDir: dataDir(`agent-${number}`) })),
    );
    this.#running = [...agents, control];
    await Promise.all(agents.map((agent) => agent.start(30_000, signal)));
    await lab.meshReady(20_000, signal);
    if (path) for (const agent of agents) await reachedBy(path, agent, signal);
    const [, server] = agents as [WarrenProcess, WarrenProcess];
    const { leases } = await server.get<AgentIpam>("/v1/ipam");
    const serverAddress = leases[0]?.nodeAddress;
    if (!serverAddress) throw new WarrenError("not-ready", "the second agent is ready but has no pod CIDR");
    return { client: lab.host(1), server: lab.host(2), serverAddress, serverProcesses: [server.process] };
  }

  async tearDown(): Promise<void> {
    for (const process of this.#running) await process.stop();
    this.#running = [];
  }
}

async function reachedBy(path: PeerInfo["path"], agent: WarrenProcess, signal: AbortSignal): Promise<void> {
  await waitFor(
    `${agent.name} to reach its peer by the path "${path}"`,
    async () => (await agent.get<PeerInfo[]>("/v1/peers")).every((peer) => peer.path === path),
    { timeoutMs: 10_000, signal },
  );
}
