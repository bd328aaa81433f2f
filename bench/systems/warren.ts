import type { AgentIpam } from "@warren/common/api/types.ts";
import { WarrenError } from "@warren/common/errors/warren-error.ts";
import type { Lab } from "@warren/e2e/lab/lab.ts";
import { warrenVersion } from "../warren-version.ts";
import type { Path } from "../works/work.ts";
import type { Contender, System } from "./system.ts";

/** Warren as a user runs it: `./warren control` on the first host, `./warren agent` on both, plain VXLAN. */
export const warren: System = {
  name: "warren",
  about: "Warren, plain VXLAN through TUN, node to node",
  version: warrenVersion,
  on: (lab) => new WarrenContender(lab),
};

class WarrenContender implements Contender {
  readonly name = "warren";
  readonly #lab: Lab;
  #joined = false;

  constructor(lab: Lab) {
    this.#lab = lab;
  }

  /** The first time the agents join; after that they come back with the state they have, as after a reboot. */
  async setUp(signal: AbortSignal): Promise<Path> {
    const lab = this.#lab;
    if (this.#joined) {
      await lab.controlPlane.start(30_000, signal);
      await Promise.all([1, 2].map((number) => lab.agent(number).start(30_000, signal)));
    } else {
      await lab.startControl({}, signal);
      await Promise.all([1, 2].map((number) => lab.startAgent(number, {}, signal)));
      this.#joined = true;
    }
    await lab.meshReady(20_000, signal);
    const { leases } = await lab.agent(2).get<AgentIpam>("/v1/ipam");
    const serverAddress = leases[0]?.nodeAddress;
    if (!serverAddress) throw new WarrenError("not-ready", "the second agent is ready but has no pod CIDR");
    return { client: lab.host(1), server: lab.host(2), serverAddress };
  }

  async tearDown(): Promise<void> {
    const processes = [() => this.#lab.agent(1), () => this.#lab.agent(2), () => this.#lab.controlPlane];
    for (const process of processes) await started(process)?.stop();
  }
}

/** What a set-up that failed half-way has not made yet is no error when it is taken down. */
function started<T>(get: () => T): T | null {
  try {
    return get();
  } catch (error) {
    if (error instanceof WarrenError && error.code === "not-ready") return null;
    throw error;
  }
}
