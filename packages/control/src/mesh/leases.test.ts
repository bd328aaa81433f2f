import { WarrenError } from "@warren/common/errors/warren-error.ts";
import { parsePrefix, prefixesOverlap } from "@warren/common/net/prefix.ts";
import { PROTOCOL_VERSION } from "@warren/common/rpc/messages.ts";
import fc from "fast-check";
import { expect, it } from "vitest";
import type { LeaseRecord } from "../registry/keys.ts";
import type { MeshCore } from "./mesh-core.ts";
import { revokeNode } from "./removal.ts";
import { addReservation, removeReservation } from "./reservations.ts";
import { MeshHarness } from "./testing/mesh-harness.ts";

const DAY = 24 * 3_600_000;
const EXPECTED = [
  "pool-exhausted",
  "lease-lost",
  "node-revoked",
  "already-exists",
  "not-found",
  "not-ready",
  "unauthenticated",
];

const NODES = 6;
const action = fc.record({
  do: fc.constantFrom("register", "register", "register", "leave", "release", "revoke", "reserve", "unreserve"),
  node: fc.nat(NODES - 1),
  core: fc.nat(1),
});

it("never gives an address to two nodes, whatever two control planes on one store are asked, in whatever order", async () => {
  await fc.assert(
    fc.asyncProperty(
      // Each round's actions run at once; between rounds time passes or a control plane is killed.
      fc.array(fc.tuple(fc.array(action, { maxLength: 8 }), fc.constantFrom("none", "restart", "day")), {
        maxLength: 8,
      }),
      async (rounds) => {
        const mesh = await MeshHarness.start({ pools: ["10.0.0.0/22", "fd00::/62"] });
        const cores = [mesh.core, mesh.newCore()];
        await cores[1]!.start();
        const nodes: { id: string; held: readonly string[] }[] = [];
        for (let i = 0; i < NODES; i++) {
          nodes.push({
            id: await mesh.core.admit({ nodeName: `n${i}`, underlayAddress: `192.0.2.${i + 1}` }),
            held: [],
          });
        }
        const epochs = new Map<string, LeaseRecord>();
        for (const [actions, after] of rounds) {
          await Promise.all(
            actions.map(async (act) => {
              try {
                await run(cores[act.core]!, act.do, act.node, nodes[act.node]!);
              } catch (error) {
                expect(EXPECTED).toContain(WarrenError.from(error).code);
              }
            }),
          );
          await checkStore(mesh, epochs);
          if (after === "day") await mesh.clock.advance(DAY + 1);
          if (after !== "restart") continue;
          await cores[1]!.stop();
          cores[1] = mesh.newCore();
          await cores[1].start();
        }
        await cores[1]!.stop();
        await mesh.stop();
      },
    ),
    { numRuns: 40, timeout: 15_000, interruptAfterTimeLimit: 12_000, markInterruptAsFailure: false },
  );
});

async function run(
  core: MeshCore,
  what: string,
  index: number,
  node: { id: string; held: readonly string[] },
): Promise<void> {
  const mesh = core.as(node.id);
  if (what === "leave" || what === "release") return mesh.leave({ release: what === "release" });
  if (what === "revoke" && index === 0) return void (await revokeNode(core.context, `n${index}`));
  if (what === "reserve") return void (await addReservation(core.context, `10.0.${index % 4}.0/25`, ""));
  if (what === "unreserve") return void (await removeReservation(core.context, `10.0.${index % 4}.0/25`));
  const { self } = await mesh.register({
    protocol: PROTOCOL_VERSION,
    node_name: `n${index}`,
    underlay_address: `192.0.2.${index + 1}`,
    port: 4789,
    version: "0.1.0",
    held_pod_cidrs: node.held,
    held_epoch: 0,
    accept_new_lease: index % 2 === 0,
    sealing_key: new Uint8Array(),
    sealed_port: 0,
  });
  node.held = self.pod_cidrs;
}

/** What must hold in the store at any moment. */
async function checkStore(mesh: MeshHarness, epochs: Map<string, LeaseRecord>): Promise<void> {
  const read = async <T>(prefix: string) =>
    (await mesh.store.range(prefix)).entries.map((entry) => JSON.parse(entry.value) as T);
  const leases = (await read<LeaseRecord>("lease/")).filter((lease) => lease.nodeId !== null);
  const taken = [...leases, ...(await read<{ cidr: string }>("reservation/"))].map(({ cidr }) => parsePrefix(cidr));
  for (const [i, a] of taken.entries()) {
    for (const b of taken.slice(i + 1)) expect(prefixesOverlap(a, b)).toBe(false);
  }
  const perNode = Map.groupBy(leases, (lease) => lease.nodeId);
  for (const held of perNode.values())
    expect(held.map((lease) => lease.cidr.includes(":")).sort()).toEqual([false, true]);
  for (const lease of leases) {
    const before = epochs.get(lease.cidr);
    if (before && before.nodeId !== lease.nodeId) expect(lease.epoch).toBeGreaterThan(before.epoch);
    epochs.set(lease.cidr, lease);
  }
}
