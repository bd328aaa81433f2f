import { WarrenError } from "@warren/common/errors/warren-error.ts";
import { pino } from "pino";
import { beforeEach, describe, expect, it } from "vitest";
import { MemoryHostNetwork } from "../host/memory-host-network.ts";
import { VirtualClock } from "../testing/virtual-clock.ts";
import { findUnderlay, type Underlay, UnderlayFollower } from "./underlay-follower.ts";

const ETH0 = { name: "eth0", mtu: 1500, subnet: "192.0.2.0/24" };
const WLAN0 = { name: "wlan0", mtu: 1400, subnet: "198.51.100.0/24" };

let host: MemoryHostNetwork;
let clock: VirtualClock;
let moves: Underlay[];
let refusal: Error | null;
let stop: AbortController;
beforeEach(() => {
  host = new MemoryHostNetwork({ "192.0.2.11": ETH0 });
  clock = new VirtualClock();
  moves = [];
  refusal = null;
  stop = new AbortController();
});

async function follow(configured: string): Promise<UnderlayFollower> {
  const find = { host, configured, control: "192.0.2.1:7443" };
  const onMoved = async (underlay: Underlay): Promise<void> => {
    if (refusal) throw refusal;
    moves.push(underlay);
  };
  const options = { ...find, clock, logger: pino({ level: "silent" }), onMoved };
  const follower = new UnderlayFollower(options, await findUnderlay(find, null));
  void follower.run(stop.signal);
  return follower;
}

describe("underlay: auto", () => {
  it("goes where the way to the control plane begins, and tells of it for five minutes", async () => {
    const follower = await follow("auto");
    expect(follower.underlay).toEqual({ address: "192.0.2.11", interface: ETH0 });
    await clock.advance(60_000);
    expect(moves).toEqual([]);
    host.addresses.clear();
    host.addresses.set("198.51.100.7", WLAN0);
    await clock.advance(3_000);
    expect(moves).toEqual([{ address: "198.51.100.7", interface: WLAN0 }]);
    expect(follower.moved).toMatchObject({ from: "192.0.2.11", to: "198.51.100.7", interface: "wlan0" });
    await clock.advance(300_000);
    expect(follower.moved).toBeNull();
    expect(moves).toHaveLength(1);
  });

  it("stays where it is while nothing says where that way begins, and says so when even that is gone", async () => {
    const follower = await follow("auto");
    host.sourceTo = () => Promise.reject(new WarrenError("unavailable", "the name is not known"));
    await clock.advance(3_000);
    expect(follower.fault).toBeNull();
    host.addresses.clear();
    await clock.advance(3_000);
    expect(follower.fault?.message).toMatch(/192\.0\.2\.11 is gone and there is no other.*the name is not known/);
  });

  it("starts with the address of its last life where nothing says where the way begins", async () => {
    host.sourceTo = () => Promise.reject(new WarrenError("unavailable", "no route"));
    const find = { host, configured: "auto", control: "192.0.2.1:7443" };
    expect(await findUnderlay(find, "192.0.2.11")).toEqual({ address: "192.0.2.11", interface: ETH0 });
    for (const last of [null, "192.0.2.12"])
      await expect(findUnderlay(find, last)).rejects.toMatchObject({ code: "unavailable" });
  });

  it("shows why the node could not follow, and tries again", async () => {
    const follower = await follow("auto");
    refusal = new WarrenError("port-in-use", "UDP 4789 is in use");
    host.addresses.clear();
    host.addresses.set("198.51.100.7", WLAN0);
    await clock.advance(3_000);
    expect(follower.fault?.code).toBe("port-in-use");
    refusal = null;
    await clock.advance(3_000);
    expect(follower.fault).toBeNull();
    expect(moves.map(({ address }) => address)).toEqual(["198.51.100.7"]);
  });
});

describe("a fixed underlay address", () => {
  it("is waited for: what is missing, and what to do, is said until it is back", async () => {
    const follower = await follow("192.0.2.11");
    host.addresses.clear();
    host.addresses.set("198.51.100.7", WLAN0);
    await clock.advance(3_000);
    expect(follower.fault).toMatchObject({ code: "address-not-local" });
    expect(follower.fault?.message).toMatch(/192\.0\.2\.11 .*put the address back.*underlay: auto/);
    expect(moves).toEqual([]);
    host.addresses.set("192.0.2.11", ETH0);
    await clock.advance(3_000);
    expect(follower.fault).toBeNull();
    expect(moves).toEqual([{ address: "192.0.2.11", interface: ETH0 }]);
    expect(follower.moved).toBeNull();
  });

  it("is followed to another interface, and to another MTU of the same one within half a minute", async () => {
    await follow("192.0.2.11");
    host.addresses.set("192.0.2.11", { ...ETH0, mtu: 9000 });
    await clock.advance(30_000);
    expect(moves).toEqual([{ address: "192.0.2.11", interface: { ...ETH0, mtu: 9000 } }]);
  });

  it("that is on an interface which is down is named as such", async () => {
    const follower = await follow("192.0.2.11");
    host.hasAddress = () => false;
    await clock.advance(3_000);
    expect(follower.fault?.message).toMatch(/192\.0\.2\.11 is on eth0, which is down/);
  });
});
