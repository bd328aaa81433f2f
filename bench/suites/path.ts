import { waitFor } from "@warren/e2e/lab/wait-for.ts";
import { compare } from "../compare.ts";
import { pick } from "../options.ts";
import { referencesAmong, roleOf } from "../report/roles.ts";
import { ALL_SYSTEMS, REFERENCE } from "../systems/registry.ts";
import type { Contender } from "../systems/system.ts";
import { withLab } from "../with-lab.ts";
import type { Path, Work } from "../works/work.ts";
import type { Suite } from "./suite.ts";

const MTU = 1500;
const DEFAULTS = { rounds: 5, seconds: 5 };
const QUICK = { rounds: 3, seconds: 1 };
const WARM_UP_SECONDS = 1;

/** What two hosts that are joined by one veth pair get through to each other, with each system in between. */
export const pathSuite =
  (works: readonly Work[]): Suite =>
  async ({ options, signal, progress }) => {
    const systems = pick("system", ALL_SYSTEMS, options.systems);
    const chosen = pick("work", works, options.only);
    const given = options.quick ? QUICK : DEFAULTS;
    const rounds = options.rounds ?? given.rounds;
    const seconds = options.seconds ?? given.seconds;
    const { samples, failures } = await withLab({ nodes: 2, topology: "direct", mtu: MTU, signal }, (lab) =>
      compare({
        contenders: systems.map((system) => reachable(system.on(lab))),
        works: chosen,
        rounds,
        seconds,
        warmUpSeconds: WARM_UP_SECONDS,
        signal,
        progress,
      }),
    );
    const described = await Promise.all(
      systems.map(async (system) => {
        const { name, about } = system;
        return { name, role: roleOf(name), version: await system.version(), about };
      }),
    );
    return {
      name: "path",
      method: `rounds ${rounds}, each run ${seconds} s after ${WARM_UP_SECONDS} s of warm-up, two namespaces, one veth pair, MTU ${MTU}`,
      systems: described,
      references: referencesAmong(
        systems.map(({ name }) => name),
        REFERENCE,
      ),
      figures: chosen.flatMap((work) => work.figures),
      samples,
      failures,
    };
  };

/** The contender, whose set-up ends only when a ping was answered through it. */
function reachable(contender: Contender): Contender {
  return {
    name: contender.name,
    tearDown: () => contender.tearDown(),
    setUp: async (signal) => {
      const path = await contender.setUp(signal);
      await waitFor(`${path.serverAddress} to answer a ping through ${contender.name}`, () => answers(path, signal), {
        timeoutMs: 10_000,
        signal,
      });
      return path;
    },
  };
}

async function answers({ client, serverAddress }: Path, signal: AbortSignal): Promise<boolean> {
  const { code } = await client.tryRun("ping", ["-n", "-c", "1", "-W", "1", serverAddress], { signal });
  return code === 0;
}
