import type { DataplaneKind } from "@warren/common/api/types.ts";
import { WarrenError } from "@warren/common/errors/warren-error.ts";
import { beforeEach, describe, expect, it } from "vitest";
import { FakeDataPlane } from "../testing/fake-data-plane.ts";
import type { DataPlane, ForwardingView } from "./data-plane.ts";
import { SwitchableDataPlane } from "./switchable-data-plane.ts";

const VIEW: ForwardingView = { localPrefixes: ["10.244.1.0/24"], peers: [] };

describe("changing the packet path", () => {
  let events: string[];
  let planes: Record<DataplaneKind, FakeDataPlane>;
  let plane: SwitchableDataPlane;

  const logged = (kind: DataplaneKind): DataPlane => {
    const inner = planes[kind];
    return {
      async prepare() {
        events.push(`prepare ${kind}`);
      },
      async start() {
        events.push(`start ${kind}`);
        await inner.start();
      },
      async apply(view) {
        events.push(`apply ${kind} ${view.localPrefixes.length}`);
        await inner.apply(view);
      },
      rebind: (underlayAddress) => inner.rebind(underlayAddress),
      stats: () => inner.stats(),
      timeStages: (on) => inner.timeStages(on),
      async stop() {
        events.push(`stop ${kind}`);
        await inner.stop();
      },
      onFailure: (listener) => inner.onFailure(listener),
    };
  };
  const started = async (): Promise<void> => {
    events.push("host");
  };

  beforeEach(async () => {
    events = [];
    planes = { tun: new FakeDataPlane({} as never), kernel: new FakeDataPlane({} as never) };
    plane = new SwitchableDataPlane({ kind: "tun", create: logged });
    await plane.start();
    await plane.apply(VIEW);
    events = [];
  });

  it("prepares the other before it stops the one that runs", async () => {
    await plane.changeTo("kernel", started);
    expect(events).toEqual(["prepare kernel", "stop tun", "start kernel", "host", "apply kernel 1"]);
    expect(plane.kind).toBe("kernel");
  });

  it("does nothing when it is so already", async () => {
    await plane.changeTo("tun", started);
    expect(events).toEqual([]);
  });

  it("leaves the one that runs alone when the other cannot even be prepared", async () => {
    const inner = logged("kernel");
    const refuse = new SwitchableDataPlane({
      kind: "tun",
      create: (kind) =>
        kind === "tun"
          ? logged(kind)
          : { ...inner, prepare: () => Promise.reject(new WarrenError("vxlan-missing", "no vxlan")) },
    });
    await expect(refuse.changeTo("kernel", started)).rejects.toMatchObject({ code: "vxlan-missing" });
    expect(refuse.kind).toBe("tun");
    expect(events).toEqual(["stop kernel"]);
  });

  it("goes back when the other does not start, and says why", async () => {
    planes.kernel.startError = new WarrenError("port-in-use", "taken");
    await expect(plane.changeTo("kernel", started)).rejects.toMatchObject({ code: "port-in-use" });
    expect(plane.kind).toBe("tun");
    expect(events.slice(2)).toEqual(["start kernel", "stop kernel", "start tun", "host", "apply tun 1"]);
    expect(planes.tun.running).toBe(true);
  });

  it("says that the path is down when there is no way back either", async () => {
    const failures: string[] = [];
    plane.onFailure((error) => failures.push(error.message));
    planes.kernel.startError = new WarrenError("port-in-use", "taken");
    planes.tun.startError = new WarrenError("tun-missing", "gone");
    await expect(plane.changeTo("kernel", started)).rejects.toMatchObject({ code: "port-in-use" });
    expect(failures).toEqual(["gone"]);
  });

  it("makes none in order to stop it", async () => {
    const taken = new SwitchableDataPlane({
      kind: "tun",
      create: () => {
        throw new WarrenError("port-in-use", "taken");
      },
    });
    expect(() => taken.start()).toThrow("taken");
    await taken.stop();
  });

  it("hears of a failure of whichever runs, and adds up what all have counted", async () => {
    const failures: string[] = [];
    plane.onFailure((error) => failures.push(error.message));
    planes.tun.traffic = { txPackets: 5, txBytes: 500, rxPackets: 1, rxBytes: 100 };
    await plane.changeTo("kernel", started);
    planes.kernel.traffic = { txPackets: 2, txBytes: 200, rxPackets: 0, rxBytes: 0 };
    expect(plane.stats().total).toEqual({ txPackets: 7, txBytes: 700, rxPackets: 1, rxBytes: 100 });
    planes.kernel.break(new Error("deleted"));
    expect(failures).toEqual(["deleted"]);
  });

  it("moves all of its paths to another underlay address, the one that runs first", async () => {
    await plane.start();
    await plane.changeTo("kernel", started);
    await plane.rebind("192.0.2.99");
    expect([planes.tun.underlayAddress, planes.kernel.underlayAddress]).toEqual(["192.0.2.99", "192.0.2.99"]);
    planes.kernel.rebindError = new Error("no such address");
    await expect(plane.rebind("192.0.2.100")).rejects.toThrow("no such address");
    expect(planes.tun.underlayAddress).toBe("192.0.2.99");
  });
});
