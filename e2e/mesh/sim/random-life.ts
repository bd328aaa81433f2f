import type { Cipher } from "@warren/common/net/cipher.ts";
import { lagOf } from "./convergence.ts";
import { type Endpoint, Ledger } from "./ledger.ts";
import { type Deed, Operator } from "./operator.ts";
import { OwnershipWatch } from "./ownership.ts";
import { randomFor } from "./seed.ts";
import { CALM, SimMesh } from "./sim-mesh.ts";
import type { SimNode } from "./sim-node.ts";

/** A small pool and short clocks, so that pod CIDRs change hands often: 16 for up to 12 nodes. */
const POOLS = ["10.244.0.0/20"];
const TIMING = { retentionMs: 120_000, restartGraceMs: 20_000 };
const RPC_WEATHER = { delayMs: 2, jitterMs: 30, stallRate: 0.02, stallMs: 12_000 };
const STORMY = { lossRate: 0.05, duplicateRate: 0.05, delayMs: 1, jitterMs: 20 };
/** Back-off, a refused try, a restart by the service manager, and stalls on the way. */
const CONVERGED_MS = 180_000;
/** A handshake that is given a second try. */
const SESSIONS_MS = 12_000;

/** What happens to a mesh, in this order. */
export interface Life {
  readonly seed: number;
  /** Number of machines. */
  readonly size: number;
  /** Of the cluster, in the beginning. */
  readonly cipher: Cipher;
  readonly steps: readonly {
    readonly deed: Deed;
    readonly index: number;
    readonly percent: number;
    readonly pauseMs: number;
  }[];
}

/**
 * Lives through a schedule, then repairs everything. Throws when an address had two owners on the way, when the mesh does
 * not come to agree, or when a pod does not reach another one then.
 * @returns number of events
 */
export async function live({ seed, size, cipher, steps }: Life): Promise<number> {
  const mesh = await SimMesh.start({
    ...{ seed, settings: { pools: POOLS, cipher }, timing: TIMING, rpcWeather: RPC_WEATHER, weather: STORMY },
  });
  try {
    const machines = Array.from({ length: size }, (_, i) => mesh.addMachine(`n${i}`));
    const operator = new Operator(mesh, machines);
    const watch = new OwnershipWatch(mesh);
    const random = randomFor(seed, "packets");
    const ledger = new Ledger(mesh, random);
    let broken: Error | null = null;
    const check = (): void => {
      try {
        watch.check();
      } catch (error) {
        broken ??= error as Error;
      }
    };
    mesh.onChange = check;
    for (const index of machines.keys()) if (index % 2 === 0) await operator.do("start", index, 0);
    await mesh.time.run(0);
    for (const { deed, index, percent, pauseMs } of steps) {
      await operator.do(deed, index, percent);
      chatter(machines, ledger, random);
      await mesh.time.run(pauseMs);
      check();
      if (broken) throw broken;
    }

    mesh.setWeather(CALM);
    await operator.repair();
    await mesh.time.run(60_000);
    await operator.releaseFenced();
    const kept = machines.filter((node) => !operator.revoked.has(node));
    let lag: string | null = null;
    const isDone = (): boolean => {
      lag = kept.map((node) => (node.isUp ? lagOf(mesh, node) : `${node.name} is down`)).find((text) => text) ?? null;
      return lag === null;
    };
    await mesh.time.until("the mesh converges", isDone, CONVERGED_MS).catch((error: unknown) => {
      throw new Error(`${(error as Error).message}: ${lag}`);
    });
    if (broken) throw broken;
    ledger.settle();
    if (ledger.faults.length > 0) throw new Error(ledger.faults[0]);
    if (operator.surprises.length > 0) throw new Error("a surprise", { cause: operator.surprises[0] });
    for (const node of operator.revoked)
      if (node.forwardedPrefixes.length > 0) throw new Error(`${node.name} forwards although it was revoked`);
    await checkReach(mesh, kept);
    return mesh.time.events;
  } finally {
    await mesh.close();
  }
}

/** A few packets from any pod to the address of any other, whatever has become of it. */
function chatter(machines: readonly SimNode[], ledger: Ledger, random: () => number): void {
  const pods: Endpoint[] = [];
  for (const node of machines)
    for (const { addresses } of node.stack.pods.made.values()) pods.push({ node, address: addresses[0]! });
  const any = (): Endpoint => pods[Math.floor(random() * pods.length)]!;
  for (let i = 0; i < 3 && pods.length > 1; i++) {
    const [from, { address }] = [any(), any()];
    if (from.address !== address) ledger.sendOne(from, { node: null, address });
  }
}

async function checkReach(mesh: SimMesh, nodes: readonly SimNode[]): Promise<void> {
  const pods: Endpoint[] = [];
  for (const node of nodes) {
    if (node.agent.listPods().length === 0) await node.addPod("probe");
    for (const pod of node.agent.listPods()) pods.push({ node, address: pod.addresses[0]! });
  }
  const sendAll = (purpose: string): Ledger => {
    const ledger = new Ledger(mesh, randomFor(pods.length, purpose));
    for (const from of pods) for (const to of pods) if (from !== to) ledger.sendOne(from, to);
    return ledger;
  };
  // What is sealed for a node that has lost its sessions is lost, and how both find out.
  const first = sendAll("first packets");
  await mesh.time.run(SESSIONS_MS);
  const { repeated: early } = first.settle();
  const ledger = sendAll("packets");
  await mesh.time.run(200);
  const { missing, repeated } = ledger.settle();
  const wrong = [...first.faults, ...early, ...ledger.faults, ...missing, ...repeated];
  if (wrong.length > 0) throw new Error(`of ${ledger.sent} packets ${wrong.length} went wrong: ${wrong[0]}`);
}
