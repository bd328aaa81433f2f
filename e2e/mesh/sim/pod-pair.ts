import type { Cipher } from "@warren/common/net/cipher.ts";
import { expect } from "vitest";
import { converge } from "./convergence.ts";
import { type Endpoint, Ledger } from "./ledger.ts";
import { randomFor, SEED } from "./seed.ts";
import { SimMesh } from "./sim-mesh.ts";
import type { SimNode } from "./sim-node.ts";

/** Two nodes, `a` and `b`, with a pod each, that know each other. */
export class PodPair {
  readonly mesh: SimMesh;
  readonly a: SimNode;
  readonly b: SimNode;
  readonly #pods: readonly Endpoint[];
  readonly #overlayMtu: number;

  private constructor(mesh: SimMesh, nodes: readonly SimNode[], pods: readonly Endpoint[], overlayMtu: number) {
    this.mesh = mesh;
    [this.a, this.b] = nodes as [SimNode, SimNode];
    this.#pods = pods;
    this.#overlayMtu = overlayMtu;
  }

  static async start(cipher: Cipher): Promise<PodPair> {
    const mesh = await SimMesh.start({ seed: SEED, settings: { cipher } });
    const nodes = await mesh.join("a", "b");
    const pods: Endpoint[] = [];
    for (const node of nodes) pods.push({ node, address: (await node.addPod("web")).addresses[0]! });
    await converge(mesh, 2_000);
    return new PodPair(mesh, nodes, pods, cipher === "none" ? 1450 : 1440);
  }

  /** Packets of every length that fits reach the other pod, both ways, once each. */
  async expectReach(): Promise<void> {
    const { mesh } = this;
    const ledger = new Ledger(mesh, randomFor(SEED, `packets at ${mesh.time.monotonicMs()}`));
    for (const from of this.#pods)
      for (const to of this.#pods) if (from !== to) ledger.sendBurst(from, to, this.#overlayMtu);
    await mesh.time.run(200);
    expect(ledger.settle()).toEqual({ missing: [], repeated: [] });
    expect(ledger.faults).toEqual([]);
  }
}
