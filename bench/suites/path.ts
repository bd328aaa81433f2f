import { waitFor } from "@warren/e2e/lab/wait-for.ts";
import { compare, type Failure } from "../compare.ts";
import { pick } from "../options.ts";
import { referencesAmong, roleOf } from "../report/roles.ts";
import { ALL_SYSTEMS, REFERENCE } from "../systems/registry.ts";
import type { Contender, PrepareContext, PreparedSystem, System } from "../systems/system.ts";
import { withLab } from "../with-lab.ts";
import type { Path, Work } from "../works/work.ts";
import type { Suite } from "./suite.ts";

/** The MTU of the underlay that the suite has its plain name for. */
const USUAL_MTU = 1500;
const WARM_UP_SECONDS = 1;
const DEFAULTS = { rounds: 5, seconds: 3, works: null, systems: null };
/** What fits into two minutes. */
const QUICK = {
  rounds: 2,
  seconds: 1,
  works: ["tcp-1", "udp-64", "latency", "memory"],
  systems: ["raw-veth", "kernel-vxlan", "warren", "wireguard-go", "nebula", "boringtun"],
};

/** What two hosts that are joined by one veth pair get through to each other, with each system in between. */
export const pathSuite =
  (works: readonly Work[], mtu: number): Suite =>
  async ({ options, signal, progress }) => {
    const given = options.quick ? QUICK : DEFAULTS;
    const systems = pick("system", ALL_SYSTEMS, options.systems ?? given.systems);
    const chosen = pick("work", works, options.only ?? given.works);
    const rounds = options.rounds ?? given.rounds;
    const seconds = options.seconds ?? given.seconds;
    const { prepared, failures: absent } = await prepare(systems, { signal, progress });
    const { samples, failures } = await withLab({ nodes: 2, topology: "direct", mtu, signal }, (lab) =>
      compare({
        contenders: prepared.map((system) => reachable(system.on(lab))),
        works: chosen,
        rounds,
        seconds,
        warmUpSeconds: WARM_UP_SECONDS,
        signal,
        progress,
      }),
    );
    return {
      name: mtu === USUAL_MTU ? "path" : `path-${mtu}`,
      method: `rounds ${rounds}, each run ${seconds} s after ${WARM_UP_SECONDS} s of warm-up, two namespaces, one veth pair, MTU ${mtu}`,
      systems: prepared.map(({ name, about, version }) => ({ name, role: roleOf(name), version, about })),
      references: referencesAmong(
        prepared.map(({ name }) => name),
        REFERENCE,
      ),
      figures: chosen.flatMap((work) => work.figures),
      samples,
      failures: [...absent, ...failures],
    };
  };

type Ready = PreparedSystem & Pick<System, "name" | "about">;

/** Gets ready what can be had; the rest is named with the reason, as one that fails in the first round is. */
async function prepare(systems: readonly System[], context: PrepareContext) {
  const prepared: Ready[] = [];
  const failures: Failure[] = [];
  for (const system of systems)
    try {
      const { name, about } = system;
      const { version, on } = await system.prepare(context);
      prepared.push({ name, about, version, on });
    } catch (error) {
      context.signal.throwIfAborted();
      const reason = error instanceof Error ? error.message : String(error);
      failures.push({ system: system.name, work: null, round: 0, reason });
      context.progress(`${system.name} is left out: ${reason}`);
    }
  return { prepared, failures };
}

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
