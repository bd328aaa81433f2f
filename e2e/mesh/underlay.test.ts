import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { converge } from "./sim/convergence.ts";
import { PodPair } from "./sim/pod-pair.ts";
import { SEED } from "./sim/seed.ts";
import type { SimMesh } from "./sim/sim-mesh.ts";
import type { SimNode } from "./sim/sim-node.ts";

/** How often the address is looked at, and the way to the control plane and on to the peers. */
const NOTICED_MS = 3_000 + 200;

describe.each(["none", "aes-256-gcm"] as const)(
  `underlay addresses that change, cipher %s (WARREN_SEED=${SEED})`,
  (cipher) => {
    let pair: PodPair;
    let mesh: SimMesh;
    let a: SimNode;
    let b: SimNode;

    beforeEach(async () => {
      pair = await PodPair.start(cipher);
      ({ mesh, a, b } = pair);
      await mesh.time.run(60_000);
      await pair.expectReach();
    });
    afterEach(() => mesh.close());

    const knownOf = (node: SimNode) =>
      mesh.core.context.netmap.nodes().find(({ name }) => name === node.name)?.underlay_address;
    const seenBy = (node: SimNode) => node.plane?.view?.peers.map((peer) => peer.underlayAddress);

    it("are followed within seconds: by the control plane, by the peers, by packets both ways", async () => {
      a.setUnderlay("198.51.100.7");
      const took = await mesh.time.until("b to know where a is", () => seenBy(b)?.[0] === "198.51.100.7", NOTICED_MS);
      expect(took).toBeLessThanOrEqual(NOTICED_MS);
      expect(knownOf(a)).toBe("198.51.100.7");
      await pair.expectReach();
      expect(a.agent.status()).toMatchObject({
        ready: true,
        control: { connected: true },
        warnings: [expect.stringMatching(/changed from 192\.0\.2\.1 to 198\.51\.100\.7 \(eth0\) at 2026/)],
      });
      await mesh.time.run(310_000);
      expect(a.agent.status().warnings).toEqual([]);
      await converge(mesh, 200);
    });

    it("are followed by all at once, when both change", async () => {
      a.setUnderlay("198.51.100.7");
      b.setUnderlay("198.51.100.8");
      await mesh.time.run(NOTICED_MS);
      await mesh.time.run(cipher === "none" ? 0 : 12_000);
      await pair.expectReach();
    });

    it("are named while there is none, and go on when it is back", async () => {
      a.setUnderlay(null);
      await mesh.time.run(60_000);
      expect(a.agent.status().warnings[0]).toMatch(/underlay address 192\.0\.2\.1 is gone and there is no other/);
      a.setUnderlay("192.0.2.1");
      await mesh.time.run(NOTICED_MS);
      await mesh.time.run(cipher === "none" ? 0 : 12_000);
      await pair.expectReach();
      expect(a.agent.status().warnings).toEqual([]);
    });

    it("shorten what pods may send, when the new interface carries less, and lengthen it again", async () => {
      const overlay = a.agent.status().dataplane.overlayMtu;
      a.setUnderlay("198.51.100.7", 1400);
      await mesh.time.run(NOTICED_MS);
      expect(a.agent.status().dataplane).toMatchObject({ underlayMtu: 1400, overlayMtu: overlay - 100 });
      a.setUnderlay("192.0.2.1", 1500);
      await mesh.time.run(NOTICED_MS);
      expect(a.agent.status().dataplane).toMatchObject({ underlayMtu: 1500, overlayMtu: overlay });
    });

    it("are refused when another node has them, which both the status and the log say, until it is gone", async () => {
      b.crash();
      a.setUnderlay(b.underlay);
      await mesh.time.run(30_000);
      const { control, warnings } = a.agent.status();
      expect(control).toMatchObject({
        connected: false,
        error: expect.stringMatching(/192\.0\.2\.2 is taken: node b/),
      });
      expect(warnings.join()).toMatch(/not connected .* is taken: node b/);
      expect(knownOf(a)).toBe("192.0.2.1");
      a.setUnderlay("192.0.2.3");
      await mesh.time.run(NOTICED_MS);
      expect(knownOf(a)).toBe("192.0.2.3");
      expect(a.agent.status().control.connected).toBe(true);
    });

    it("are looked for anew by an agent that starts", async () => {
      await mesh.time.complete("a stops", a.stop());
      a.setUnderlay("198.51.100.7");
      await mesh.time.complete("a starts", a.start());
      await converge(mesh, 1_000);
      expect(knownOf(a)).toBe("198.51.100.7");
    });
  },
);
