import { changeCluster } from "@warren/control/mesh/cluster-change.ts";
import { addForeignPeer } from "@warren/control/mesh/foreign-peers.ts";
import { type ClusterRecord, keys } from "@warren/control/registry/keys.ts";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { converge } from "./sim/convergence.ts";
import { Ledger } from "./sim/ledger.ts";
import { randomFor, SEED } from "./sim/seed.ts";
import { SimMesh } from "./sim/sim-mesh.ts";
import type { SimNode } from "./sim/sim-node.ts";

const SOON_MS = 100;
/** What an agent waits between accepting a plain path and sending on it. */
const SETTLED_MS = 2_000 + SOON_MS;

describe(`encapsulation as a setting of the cluster (WARREN_SEED=${SEED})`, () => {
  let mesh: SimMesh;
  let nodes: SimNode[];

  beforeEach(async () => {
    mesh = await SimMesh.start({ seed: SEED });
    nodes = await mesh.join("a", "b", "c");
    await converge(mesh, 2_000);
  });
  afterEach(() => mesh.close());

  const change = async (encapsulation: string, forMs: number) => {
    await changeCluster(mesh.core.context, { encapsulation });
    await mesh.time.run(forMs);
  };
  const planOf = (node: SimNode) => node.stack.network.plan!;
  const othersOf = (node: SimNode) =>
    nodes.filter((other) => other !== node).flatMap((other) => other.forwardedPrefixes);

  it("reaches every agent, and a node that was away when it comes back", async () => {
    const [a, b, c] = nodes as [SimNode, SimNode, SimNode];
    mesh.rpc.cut("c");
    await change("cross-subnet", SETTLED_MS);
    for (const node of [a, b])
      expect(
        planOf(node)
          .plainPaths.map((path) => path.prefix)
          .sort(),
      ).toEqual(othersOf(node).sort());
    expect(planOf(c).plainPaths).toEqual([]);
    mesh.rpc.heal("c");
    await converge(mesh, 30_000);
    await mesh.time.run(SETTLED_MS);
    expect(
      planOf(c)
        .plainPaths.map((path) => path.prefix)
        .sort(),
    ).toEqual(othersOf(c).sort());
    await change("always", SETTLED_MS);
    for (const node of nodes) expect(planOf(node)).toMatchObject({ plainPaths: [], plainSources: [] });
  });

  it("never sends plainly to a node that does not accept it yet, however late each hears of it", async () => {
    const check = () => {
      for (const from of nodes)
        for (const { underlay } of planOf(from).plainPaths) {
          const to = nodes.find((node) => node.underlay === underlay)!;
          expect(planOf(to).plainSources, `${from.name} to ${to.name}`).toEqual(
            expect.arrayContaining([...from.forwardedPrefixes]),
          );
        }
    };
    for (const mode of ["cross-subnet", "always", "never", "cross-subnet", "always"]) {
      await changeCluster(mesh.core.context, { encapsulation: mode });
      for (let passed = 0; passed < SETTLED_MS; passed += 5) {
        await mesh.time.run(5);
        check();
      }
    }
  });

  it("leaves foreign peers in the tunnel, in every mode", async () => {
    const foreign = { underlayAddress: "192.0.2.200", vtepMac: "02:00:5e:10:00:01", podCidrs: ["10.244.200.0/24"] };
    await addForeignPeer(mesh.core.context, { name: "gw", ...foreign });
    for (const mode of ["cross-subnet", "never"]) {
      await change(mode, SETTLED_MS);
      for (const node of nodes) {
        const plain = [...planOf(node).plainPaths.map((path) => path.prefix), ...planOf(node).plainSources];
        expect(plain).not.toContain("10.244.200.0/24");
        expect(plain).not.toEqual([]);
      }
    }
  });

  it("is always, on every node and at once, in a cluster with a cipher, whatever else the store says", async () => {
    await change("never", SETTLED_MS);
    for (const node of nodes) expect(planOf(node).plainPaths).not.toEqual([]);
    const { view, transactor } = mesh.core.context;
    await transactor.run((draft) => {
      const record = draft.read(view.singles, keys.cluster) as ClusterRecord;
      draft.put(view.singles, keys.cluster, { ...record, cipher: "aes-256-gcm" });
    });
    await mesh.time.run(SOON_MS);
    for (const node of nodes) expect(planOf(node)).toMatchObject({ plainPaths: [], plainSources: [] });
    for (const encapsulation of ["cross-subnet", "never"])
      await expect(changeCluster(mesh.core.context, { encapsulation })).rejects.toMatchObject({
        code: "setting-conflict",
      });
  });

  it("loses no packet of the tunnel when it changes, and keeps the mode over a crash of the control plane", async () => {
    const ends = [];
    for (const node of nodes) ends.push({ node, address: (await node.addPod("web")).addresses[0]! });
    const ledger = new Ledger(mesh, randomFor(SEED, "packets"));
    for (let i = 0; i < 20; i++) {
      await change(i % 2 === 0 ? "cross-subnet" : "always", 10);
      for (const from of ends) for (const to of ends) if (from !== to) ledger.sendOne(from, to);
    }
    await mesh.time.run(SOON_MS);
    expect(ledger.settle()).toEqual({ missing: [], repeated: [] });
    await change("cross-subnet", SETTLED_MS);
    await mesh.control.crash();
    await mesh.control.start();
    await mesh.time.run(60_000);
    for (const node of nodes) expect(planOf(node).plainPaths).toHaveLength(2);
  });
});
