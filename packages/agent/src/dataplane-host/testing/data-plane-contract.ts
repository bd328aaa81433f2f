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
  /** Resolves when what `apply` set going is done, such as handshakes. */
  settle?(): Promise<void>;
  close(): Promise<void>;
}

/** Of node 1, besides its first. */
export const SECOND_ADDRESS = "192.0.2.101";

/** What the agent relies on in every data plane. */
export function describeDataPlaneContract(name: string, open: () => Promise<DataPlaneFixture>): void {
  describeOnPlanes(`data plane contract: ${name}`, open, (fixture) => {
    test("starts with an empty view: nothing goes through, every reason of a drop is listed", async () => {
      expect(await fixture.exchange(0, 4)).toBe(false);
      expect(await fixture.exchange(0, 6)).toBe(false);
      expect(Object.keys(fixture.plane(0).stats().drops)).toEqual([...DROP_REASONS]);
    });

    test("forwards both families in both directions once both views are applied, and counts", async () => {
      await fixture.applyBoth();
      const before = fixture.plane(0).stats().total;
      for (const from of [0, 1] as const) {
        expect(await fixture.exchange(from, 4)).toBe(true);
        expect(await fixture.exchange(from, 6)).toBe(true);
      }
      const { total } = fixture.plane(0).stats();
      expect(total.txPackets).toBeGreaterThanOrEqual(before.txPackets + 2);
      expect(total.rxPackets).toBeGreaterThanOrEqual(before.rxPackets + 2);
    });

    test("a peer that leaves the view is no longer reached nor heard, and is when it is back", async () => {
      await fixture.applyBoth();
      expect(await fixture.exchange(0, 4)).toBe(true);
      await fixture.plane(1).apply({ ...fixture.views[1], peers: [] });
      expect(await fixture.exchange(0, 4)).toBe(false);
      expect(await fixture.exchange(1, 4)).toBe(false);
      await fixture.applyBoth();
      expect(await fixture.exchange(0, 4)).toBe(true);
      expect(await fixture.exchange(1, 4)).toBe(true);
    });

    test("goes on from another underlay address and back, and the peer hears it there and nowhere else", async () => {
      await fixture.applyBoth();
      const [mine, others] = fixture.views;
      for (const address of [SECOND_ADDRESS, others.peers[0]!.underlayAddress]) {
        await fixture.plane(0).rebind(address);
        await fixture.plane(1).apply({ ...others, peers: [{ ...others.peers[0]!, underlayAddress: address }] });
        await fixture.plane(0).apply(mine);
        await fixture.settled();
        for (const from of [0, 1] as const) expect(await fixture.exchange(from, 4)).toBe(true);
      }
    });

    test("takes another underlay address while it is stopped, for its next start", async () => {
      const [mine, others] = fixture.views;
      await fixture.plane(0).stop();
      await fixture.plane(0).rebind(SECOND_ADDRESS);
      await fixture.plane(0).start();
      await fixture.plane(1).apply({ ...others, peers: [{ ...others.peers[0]!, underlayAddress: SECOND_ADDRESS }] });
      await fixture.plane(0).apply(mine);
      await fixture.settled();
      expect(await fixture.exchange(0, 4)).toBe(true);
      await fixture.plane(0).rebind(others.peers[0]!.underlayAddress);
    });

    test("a view with a text that is no address is refused, and the old one stays", async () => {
      await fixture.applyBoth();
      const bad = { ...fixture.views[0], localPrefixes: ["10.1.0.1/24"] };
      await expect(fixture.plane(0).apply(bad)).rejects.toMatchObject({ code: "address-invalid" });
      expect(await fixture.exchange(0, 4)).toBe(true);
    });

    test("stops twice without complaint, and starts again; its totals never go back", async () => {
      await fixture.applyBoth();
      await fixture.exchange(0, 4);
      const { txPackets } = fixture.plane(0).stats().total;
      await fixture.plane(0).stop();
      await fixture.plane(0).stop();
      expect(fixture.plane(0).stats().total.txPackets).toBeGreaterThanOrEqual(txPackets);
      await fixture.plane(0).start();
      await fixture.applyBoth();
      await fixture.exchange(0, 4);
      expect(fixture.plane(0).stats().total.txPackets).toBeGreaterThanOrEqual(txPackets);
    });

    test("stats can be asked at any time", async () => {
      await fixture.plane(0).stop();
      expect(fixture.plane(0).stats().total.txPackets).toBe(0);
    });
  });
}

/** What a data plane does that looks at every packet itself: it knows why it dropped one, and whose it was. */
export function describePacketCounting(name: string, open: () => Promise<DataPlaneFixture>): void {
  describeOnPlanes(`packet counting: ${name}`, open, (fixture) => {
    test("counts what it has no peer for as no-route", async () => {
      expect(await fixture.exchange(0, 4)).toBe(false);
      const { drops, total } = fixture.plane(0).stats();
      expect(drops["no-route"]).toBeGreaterThan(0);
      expect(total.txPackets).toBe(0);
    });

    test("counts inner packets by peer, on both sides alike", async () => {
      await fixture.applyBoth();
      for (let i = 0; i < 3; i++) await fixture.exchange(0, 4);
      const sent = fixture.plane(0).stats().peers!.get("node-2")!;
      const received = fixture.plane(1).stats().peers!.get("node-1")!;
      expect(sent.txPackets).toBe(3);
      expect(received).toMatchObject({ rxPackets: 3, rxBytes: sent.txBytes });
      expect(fixture.plane(0).stats().total).toEqual(sent);
      expect(fixture.plane(0).stats().syscalls.udpSend).toBeGreaterThan(0);
    });

    test("counts what comes from nobody's address, and goes on counting a peer that is back", async () => {
      await fixture.applyBoth();
      await fixture.exchange(0, 4);
      await fixture.plane(1).apply({ ...fixture.views[1], peers: [] });
      expect(await fixture.exchange(0, 4)).toBe(false);
      expect(fixture.plane(1).stats().drops["unknown-peer"]).toBe(1);
      expect(fixture.plane(1).stats().peers!.size).toBe(0);
      await fixture.applyBoth();
      expect(await fixture.exchange(0, 4)).toBe(true);
      expect(fixture.plane(1).stats().peers!.get("node-1")!.rxPackets).toBe(2);
    });

    test("times its stages from when it is told to until it is told to end", async () => {
      await fixture.applyBoth();
      const [sender, receiver] = [fixture.plane(0), fixture.plane(1)] as const;
      const time = async (on: boolean) => {
        for (const one of [fixture.plane(0), fixture.plane(1)]) await one.timeStages(on);
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
      await fixture.plane(0).timeStages(true);
      await fixture.plane(0).stop();
      await fixture.plane(0).timeStages(true);
      await fixture.plane(0).timeStages(false);
      await fixture.plane(0).start();
      const { rounds } = timesOf(fixture.plane(0), "egress");
      await fixture.applyBoth();
      await fixture.exchange(0, 4);
      expect(timesOf(fixture.plane(0), "egress").rounds).toBe(rounds);
    });
  });
}

interface RunningPlanes {
  readonly views: DataPlaneFixture["views"];
  exchange: DataPlaneFixture["exchange"];
  plane(i: 0 | 1): DataPlane;
  applyBoth(): Promise<void>;
  settled(): Promise<void>;
}

/** Both planes are started before each test, and stopped after it. */
function describeOnPlanes(
  title: string,
  open: () => Promise<DataPlaneFixture>,
  body: (planes: RunningPlanes) => void,
): void {
  describe(title, () => {
    let fixture: DataPlaneFixture;
    beforeEach(async () => {
      fixture = await open();
      for (const one of fixture.planes) await one.start();
    });
    afterEach(async () => {
      for (const one of fixture.planes) await one.stop();
      await fixture.close();
    });
    body({
      get views() {
        return fixture.views;
      },
      exchange: (from, family) => fixture.exchange(from, family),
      plane: (i) => fixture.planes[i],
      settled: async () => fixture.settle?.(),
      async applyBoth() {
        await fixture.planes[0].apply(fixture.views[0]);
        await fixture.planes[1].apply(fixture.views[1]);
        await fixture.settle?.();
      },
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
