import { parseAddress } from "@warren/common/net/address.ts";
import { beforeAll, describe, expect, test } from "vitest";
import { buildKernels } from "../../../../../scripts/build-kernels.ts";
import { createArena, PACKETS, RECEIVE_NAME, SEND_NAME } from "../../dataplane/arena.ts";
import { loadKernels } from "../../dataplane-host/load-kernels.ts";
import { encodeSockaddr } from "../../route/sockaddr.ts";
import { StepClock } from "../testing/step-clock.ts";
import { describeUdpContract, type UdpEnd } from "../testing/udp-contract.ts";
import { MemoryUdpNetwork, type NetworkWeather } from "./memory-udp.ts";

beforeAll(() => buildKernels());

function openEnd(network: MemoryUdpNetwork, address: string): UdpEnd {
  const arena = createArena(loadKernels());
  const name = new Uint8Array(28);
  encodeSockaddr(name, 0, parseAddress(address), 4789);
  return { arena, port: network.bind(parseAddress(address), 4789).port(arena, RECEIVE_NAME), name };
}

for (const [name, a, b] of [
  ["memory, IPv4", "192.0.2.1", "192.0.2.2"],
  ["memory, IPv6", "fd00::1", "fd00::2"],
] as const) {
  describeUdpContract(name, () => {
    const clock = new StepClock();
    const network = new MemoryUdpNetwork(clock, 1);
    const readable = () => {
      clock.advance(0);
      return Promise.resolve();
    };
    return Promise.resolve({ a: openEnd(network, a), b: openEnd(network, b), readable });
  });
}

describe("the network in memory", () => {
  const arrivals = (seed: number, weather: NetworkWeather): number[] => {
    const clock = new StepClock();
    const network = new MemoryUdpNetwork(clock, seed, weather);
    const a = openEnd(network, "192.0.2.1");
    const b = openEnd(network, "192.0.2.2");
    a.arena.bytes.set(b.name, SEND_NAME);
    const got: number[] = [];
    for (let i = 0; i < 100; i++) {
      a.arena.bytes[PACKETS] = i;
      a.port.send(SEND_NAME, 16, PACKETS, 1, 0);
    }
    for (let ms = 0; ms < 100; ms++) {
      clock.advance(1);
      for (;;) {
        const length = b.port.receive(PACKETS, 65_536);
        if (length < 0) break;
        got.push(...b.arena.bytes.subarray(PACKETS, PACKETS + length));
      }
    }
    return got;
  };

  test("does the same for the same seed", () => {
    const weather = { lossRate: 0.2, duplicateRate: 0.1, delayMs: 5, jitterMs: 20 };
    expect(arrivals(7, weather)).toEqual(arrivals(7, weather));
    expect(arrivals(7, weather)).not.toEqual(arrivals(8, weather));
  });

  test("loses, duplicates and reorders as much as it is told", () => {
    expect(arrivals(1, {})).toEqual(Array.from({ length: 100 }, (_, i) => i));
    expect(arrivals(1, { lossRate: 0.5 }).length).toBeLessThan(75);
    expect(arrivals(1, { duplicateRate: 0.5 }).length).toBeGreaterThan(125);
    const jittered = arrivals(1, { jitterMs: 20 });
    expect(jittered).not.toEqual(jittered.toSorted((x, y) => x - y));
    expect(jittered).toHaveLength(100);
  });

  test("carries nothing over a cut", () => {
    expect(arrivals(1, { isCut: (from) => from === "192.0.2.1:4789" })).toEqual([]);
  });

  test("refuses to bind the same address and port twice, until it is closed", () => {
    const network = new MemoryUdpNetwork(new StepClock(), 1);
    const socket = network.bind(parseAddress("192.0.2.1"), 4789);
    expect(() => network.bind(parseAddress("192.0.2.1"), 4789)).toThrow("in use");
    socket.close();
    network.bind(parseAddress("192.0.2.1"), 4789);
  });
});
