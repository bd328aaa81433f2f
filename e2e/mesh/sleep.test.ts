import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { converge } from "./sim/convergence.ts";
import { PodPair } from "./sim/pod-pair.ts";
import { SEED } from "./sim/seed.ts";
import type { SimMesh } from "./sim/sim-mesh.ts";
import type { SimNode } from "./sim/sim-node.ts";

const HOUR_MS = 3_600_000;
/** A look at the clocks, and the way. */
const NOTICED_MS = 1_000 + 200;

describe.each(["none", "aes-256-gcm"] as const)(
  `a host that stands still for an hour, cipher %s (WARREN_SEED=${SEED})`,
  (cipher) => {
    let pair: PodPair;
    let mesh: SimMesh;
    let a: SimNode;

    beforeEach(async () => {
      pair = await PodPair.start(cipher);
      ({ mesh, a } = pair);
      await pair.expectReach();
    });
    afterEach(() => mesh.close());

    const stateOf = (name: string) => mesh.core.context.netmap.nodes().find((node) => node.name === name)?.state;

    it.each([
      ["slept", true, /^this host slept from 2026-.* to 2026-.* \(1 h\); it has connected anew since$/],
      ["did not run", false, /^this agent did not run from 2026-.* to 2026-.* \((59 min 5\d s|1 h)\)/],
    ])(
      "because it %s is back within seconds, with new sessions, and says so for ten minutes",
      async (_what, slept, said) => {
        a.suspend();
        await mesh.time.run(HOUR_MS);
        expect(stateOf("a")).toBe("NODE_STATE_DOWN");
        a.wake(slept);
        const took = await mesh.time.until("a to be ready", () => stateOf("a") === "NODE_STATE_READY", 15_000);
        expect(took).toBeLessThanOrEqual(NOTICED_MS);
        await mesh.time.run(1_000);
        await pair.expectReach();
        const { control, warnings } = a.agent.status();
        expect(control.connected).toBe(true);
        expect(warnings).toEqual([expect.stringMatching(said)]);
        await mesh.time.run(610_000);
        expect(a.agent.status().warnings).toEqual([]);
        await converge(mesh, 200);
      },
    );

    it("because of its hypervisor, which its wall clock alone shows, is back as soon", async () => {
      a.suspend();
      await mesh.time.run(HOUR_MS);
      // No clock of the machine but the wall's has moved, and that only when it was told the time.
      a.wall.aheadMs = -HOUR_MS;
      a.wake(true);
      await mesh.time.run(100);
      a.wall.aheadMs = 0;
      await mesh.time.until("a to be ready", () => stateOf("a") === "NODE_STATE_READY", NOTICED_MS);
      await mesh.time.run(1_000);
      await pair.expectReach();
    });
  },
);
