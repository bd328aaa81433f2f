import { WarrenError } from "@warren/common/errors/warren-error.ts";
import type { MeshClient } from "@warren/common/rpc/channel.ts";
import { pino } from "pino";
import { beforeEach, describe, expect, it } from "vitest";
import { FakeControl } from "../testing/fake-control.ts";
import { VirtualClock } from "../testing/virtual-clock.ts";
import { MeshSession } from "./mesh-session.ts";
import type { Netmap } from "./netmap.ts";

let clock: VirtualClock;
let control: FakeControl;
let clockOffMs = 0;
beforeEach(() => {
  clock = new VirtualClock();
  control = new FakeControl(() => clock.nowMs());
});

function session(client: Partial<MeshClient>, known: Netmap | null): MeshSession {
  return new MeshSession(
    {
      connect: () => ({ ...control.connect(), ...client }),
      ...{
        clock,
        random: () => 0.5,
        logger: pino({ level: "silent" }),
        podCount: () => 0,
        instance: "run1",
        askClock: async () => clockOffMs,
      },
      registration: () => ({
        ...{ protocol: 1, node_name: "node-1", underlay_address: "192.0.2.11", port: 4789, version: "0.1.0" },
        ...{ held_pod_cidrs: [], held_epoch: 0, accept_new_lease: false },
        ...{ sealing_key: new Uint8Array(), sealed_port: 0 },
      }),
      ...{ onRegistered: async () => {}, onNetmap: async () => {}, onConfirmed: () => {}, onFenced: async () => {} },
      onReportInterval: () => {},
    },
    known,
  );
}

/** A call that nobody answers until it is ended. */
function unanswered(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener("abort", () => reject(new WarrenError("unavailable", "cancelled")));
  });
}

describe("the conversation with the control plane", () => {
  const known = (): Netmap => ({ revision: 1, cluster: control.cluster, nodes: new Map() });

  it("begins with the netmap from disk where nobody answers", async () => {
    control.silent = true;
    expect(await session({}, known()).open()).toBe(false);
  });

  it("does not take a call that was ended from here for silence", async () => {
    const stop = new AbortController();
    const opened = session({ register: (_, signal) => unanswered(signal!) }, known()).open(stop.signal);
    stop.abort();
    await expect(opened).rejects.toMatchObject({ code: "unavailable" });
  });

  it("ends for good when it is closed while the node leaves", async () => {
    const closed = new AbortController();
    const leaving = session({ leave: () => unanswered(closed.signal), close: () => closed.abort() }, known());
    await leaving.open();
    leaving.run();
    await clock.advance(10_000);
    expect(control.watchers).toBe(1);
    const left = expect(leaving.leave(false)).rejects.toMatchObject({ code: "unavailable" });
    await clock.advance(0);
    await leaving.close();
    await left;
    const { heartbeats } = control;
    await clock.advance(60_000);
    expect([control.watchers, control.heartbeats]).toEqual([0, heartbeats]);
  });

  it("says how far the clock is off where certificates are refused for their dates, and starts from the disk", async () => {
    const refused = new WarrenError("unavailable", "the control plane does not answer: certificate is not yet valid");
    let error: WarrenError | null = refused;
    clockOffMs = -86_340_000;
    const late = session(
      { register: async (request) => (error ? Promise.reject(error) : control.connect().register(request)) },
      known(),
    );
    expect(await late.open()).toBe(false);
    expect(late.error).toMatchObject({ code: "clock-off", message: expect.stringContaining("23 h 59 min behind") });
    expect(late.clockOffMs).toBe(clockOffMs);
    late.run();
    await clock.advance(30_000);
    expect(late.connected).toBe(false);
    // The clock was set.
    [error, clockOffMs] = [null, 0];
    await clock.advance(20_000);
    expect([late.connected, late.error, late.clockOffMs]).toEqual([true, null, 0]);
    await late.close();
  });

  it("leaves an error of dates as it is where the clocks agree", async () => {
    clockOffMs = 0;
    const refused = new WarrenError("unauthenticated", "the node's certificate expired on Monday");
    const opened = session({ register: () => Promise.reject(refused) }, null).open();
    await expect(opened).rejects.toBe(refused);
  });
});
