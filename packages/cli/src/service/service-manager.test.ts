import { WarrenError } from "@warren/common/errors/warren-error.ts";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { ServiceManager } from "./service-manager.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function setup(watchdogMs: number | null = null) {
  const world = { messages: [] as string[], headline: "starting", alive: true, lost: [] as unknown[], closed: 0 };
  let send = (message: string): boolean => world.messages.push(message) > 0;
  const manager = new ServiceManager({
    service: { headline: () => world.headline, isAlive: () => world.alive },
    socket: { send: (message) => send(message), close: () => void world.closed++ },
    watchdogMs,
    onLost: (error) => world.lost.push(error),
    monotonicUs: () => 123_456_789n,
  });
  const taken = () => world.messages.splice(0);
  const answer = (next: typeof send) => {
    send = next;
  };
  return { world, manager, taken, answer, listens: send };
}

test("a life in the protocol: starting, ready, reloading, ready, stopping", () => {
  const { world, manager, taken } = setup();
  manager.starting();
  expect(taken()).toEqual(["STATUS=starting"]);
  world.headline = "ready: node1";
  manager.ready();
  expect(taken()).toEqual(["READY=1\nSTATUS=ready: node1"]);
  manager.reloading();
  manager.ready();
  expect(taken()).toEqual(["RELOADING=1\nMONOTONIC_USEC=123456789", "READY=1"]);
  manager.stopping("stopping");
  expect(taken()).toEqual(["STOPPING=1\nSTATUS=stopping"]);
  vi.advanceTimersByTime(60_000);
  expect(taken()).toEqual([]);
});

test("the status follows the service, and is sent only when it is another", () => {
  const { world, manager, taken } = setup();
  manager.starting();
  manager.ready();
  taken();
  vi.advanceTimersByTime(20_000);
  expect(taken()).toEqual([]);
  world.headline = "ready: 3 peers\nconnected";
  vi.advanceTimersByTime(5_000);
  expect(taken()).toEqual(["STATUS=ready: 3 peers connected"]);
});

test("signs of life begin with ready, at half of what the manager allows, and end with the service's life", () => {
  const { world, manager, taken } = setup(10_000);
  manager.starting();
  vi.advanceTimersByTime(60_000);
  expect(taken()).not.toContain("WATCHDOG=1");
  manager.ready();
  expect(taken()).toEqual(["READY=1", "WATCHDOG=1"]);
  vi.advanceTimersByTime(10_000);
  expect(taken()).toEqual(["WATCHDOG=1", "WATCHDOG=1"]);
  manager.ready();
  vi.advanceTimersByTime(10_000);
  expect(taken()).toEqual(["READY=1", "WATCHDOG=1", "WATCHDOG=1"]);
  world.alive = false;
  vi.advanceTimersByTime(60_000);
  expect(taken()).toEqual([]);
});

test("what the manager has no room for is sent later, in its order; an old sign of life is not", () => {
  const { manager, taken, answer, listens } = setup(10_000);
  answer(() => false);
  manager.starting();
  manager.ready();
  vi.advanceTimersByTime(30_000);
  answer(listens);
  expect(taken()).toEqual([]);
  vi.advanceTimersByTime(5_000);
  expect(taken()).toEqual(["STATUS=starting", "READY=1", "WATCHDOG=1"]);
});

test("a manager that is gone is told of once, and the service goes on", () => {
  const { world, manager, answer, listens, taken } = setup(10_000);
  answer(() => {
    throw new WarrenError("unavailable", "ECONNREFUSED");
  });
  manager.starting();
  manager.ready();
  vi.advanceTimersByTime(60_000);
  expect(world.lost).toHaveLength(1);
  answer(listens);
  vi.advanceTimersByTime(5_000);
  expect(taken()).toEqual(["STATUS=starting", "READY=1", "WATCHDOG=1"]);
  manager.close();
  expect(world.closed).toBe(1);
});

test("a manager that does not read any more gets the latest status in the end, not all of them", () => {
  const { world, manager, taken, answer, listens } = setup();
  manager.starting();
  manager.ready();
  taken();
  answer(() => false);
  for (let minute = 0; minute < 100; minute++) {
    world.headline = `ready: minute ${minute}`;
    vi.advanceTimersByTime(60_000);
  }
  answer(listens);
  vi.advanceTimersByTime(5_000);
  expect(taken()).toEqual(["STATUS=ready: minute 99"]);
});
