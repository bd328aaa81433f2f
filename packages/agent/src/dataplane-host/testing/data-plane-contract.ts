import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { DROP_REASONS } from "../../dataplane/drop.ts";
import { type Direction, STAGES } from "../../dataplane/stages.ts";
import type { DataPlane, ForwardingView, WorkerTimes } from "../data-plane.ts";

/** Two data planes whose underlay connects them. Node 1 has 10.1.0.0/24 and fd00:1::/64, node 2 the same with 2. */
export interface DataPlaneFixture {
  readonly planes: readonly [DataPlane, DataPlane];
  /** What each must know to reach the other. */
  readonly views: readonly [ForwardingView, ForwardingView];
  /**
   * Sends one UDP datagram from a host address of the one node to one of the other.
   *
   * @returns true when it arrived, false when it did not within a moment
   */
  exchange(from: 0 | 1, family: 4 | 6): Promise<boolean>;
  close(): Promise<void>;
}

/** What the agent relies on in every data plane. */
export function describeDataPlaneContract(name: string, open: () => Promise<DataPlaneFixture>): void {
  describe(`data plane contract: ${name}`, () => {
    let fixture: DataPlaneFixture;
    const plane = (i: 0 | 1) => fixture.planes[i];
    beforeEach(async () => {
      fixture = await open();
      for (const one of fixture.planes) await one.start();
    });
    afterEach(async () => {
      for (const one of fixture.planes) await one.stop();
      await fixture.close();
    });
    const applyBoth = async () => {
      await plane(0).apply(fixture.views[0]);
      await plane(1).apply(fixture.views[1]);
    };

    test("starts with an empty view: everything is dropped as no-route", async () => {
      expect(await fixture.exchange(0, 4)).toBe(false);
      const { drops, total } = plane(0).stats();
      expect(drops["no-route"]).toBeGreaterThan(0);
      expect(total.txPackets).toBe(0);
      expect(Object.keys(drops)).toEqual([...DROP_REASONS]);
    });

    test("forwards both families in both directions once both views are applied", async () => {
      await applyBoth();
      for (const from of [0, 1] as const) {
        expect(await fixture.exchange(from, 4)).toBe(true);
        expect(await fixture.exchange(from, 6)).toBe(true);
      }
    });

    test("counts inner packets by peer, on both sides alike", async () => {
      await applyBoth();
      for (let i = 0; i < 3; i++) await fixture.exchange(0, 4);
      const sent = plane(0).stats().peers.get("node-2")!;
      const received = plane(1).stats().peers.get("node-1")!;
      expect(sent.txPackets).toBe(3);
      expect(received).toMatchObject({ rxPackets: 3, rxBytes: sent.txBytes });
      expect(plane(0).stats().total).toEqual(sent);
      expect(plane(0).stats().syscalls.udpSend).toBeGreaterThan(0);
    });

    test("a peer that leaves the view is no longer reached nor heard, and its counters go on when it is back", async () => {
      await applyBoth();
      await fixture.exchange(0, 4);
      await plane(1).apply({ ...fixture.views[1], peers: [] });
      expect(await fixture.exchange(0, 4)).toBe(false);
      expect(plane(1).stats().drops["unknown-peer"]).toBe(1);
      expect(plane(1).stats().peers.size).toBe(0);
      await applyBoth();
      expect(await fixture.exchange(0, 4)).toBe(true);
      expect(plane(1).stats().peers.get("node-1")!.rxPackets).toBe(2);
    });

    test("a view with a text that is no address is refused, and the old one stays", async () => {
      await applyBoth();
      const bad = { ...fixture.views[0], localPrefixes: ["10.1.0.1/24"] };
      await expect(plane(0).apply(bad)).rejects.toMatchObject({ code: "address-invalid" });
      expect(await fixture.exchange(0, 4)).toBe(true);
    });

    test("times its stages from when it is told to until it is told to end", async () => {
      await applyBoth();
      const [sender, receiver] = fixture.planes;
      const time = async (on: boolean) => {
        for (const one of fixture.planes) await one.timeStages(on);
      };
      await fixture.exchange(0, 4);
      expect(timesOf(sender, "egress")).toMatchObject({ cpuNs: 0, rounds: 0, timedRounds: 0 });
      await time(true);
      await time(true);
      for (let i = 0; i < 3; i++) expect(await fixture.exchange(0, 4)).toBe(true);
      await time(false);
      const sent = timesOf(sender, "egress");
      const received = timesOf(receiver, "ingress");
      for (const { cpuNs, rounds, timedRounds } of [sent, received]) {
        expect(cpuNs).toBeGreaterThan(0);
        expect(timedRounds).toBeGreaterThanOrEqual(1);
        expect(rounds).toBeGreaterThanOrEqual(timedRounds);
      }
      expect(passed(sent)).toContain("read");
      expect(passed(received)).toContain("receive");
      // Plain packets are neither sealed nor opened.
      expect(passed(sent)).not.toContain("seal");
      expect(passed(received)).not.toContain("open");
      await fixture.exchange(0, 4);
      await time(false);
      expect(timesOf(sender, "egress")).toEqual(sent);
      await time(true);
      await fixture.exchange(0, 4);
      await time(false);
      expect(timesOf(sender, "egress").rounds).toBeGreaterThan(sent.rounds);
    });

    test("timing stages of a path that is stopped does nothing, and a new start begins without", async () => {
      await plane(0).timeStages(true);
      await plane(0).stop();
      await plane(0).timeStages(true);
      await plane(0).timeStages(false);
      await plane(0).start();
      const { rounds } = timesOf(plane(0), "egress");
      await applyBoth();
      await fixture.exchange(0, 4);
      expect(timesOf(plane(0), "egress").rounds).toBe(rounds);
    });

    test("stops twice without complaint, and starts again", async () => {
      await plane(0).stop();
      await plane(0).stop();
      await plane(0).start();
      await applyBoth();
    });

    test("stats can be asked at any time", async () => {
      await plane(0).stop();
      expect(plane(0).stats().total.txPackets).toBe(0);
    });
  });
}

/** Of the worker that has this direction. */
function timesOf(plane: DataPlane, direction: Direction): WorkerTimes {
  return plane.stats().workers.find(({ directions }) => directions.includes(direction))!;
}

/** Names of the stages that were passed in timed rounds. */
function passed({ stages }: WorkerTimes): string[] {
  return STAGES.filter((_, stage) => stages[stage]!.visits > 0).map(({ name }) => name);
}
