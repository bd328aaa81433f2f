import { INITIATION } from "@warren/common/wire/wireguard.ts";
import { expect, test } from "vitest";
import { SealedWorld } from "./testing/sealed-world.ts";

const TEN_YEARS_MS = 3_652 * 86_400_000;

test("a recorded initiation is refused, also after a restart with the timestamps of before", () => {
  const world = new SealedWorld();
  const kept: Record<string, string> = {};
  const [a, b] = world.pair({}, { hooks: { timestamp: (key, timestamp) => (kept[key] = timestamp) } });
  const recorded: Uint8Array[] = [];
  world.link = (message) => {
    if (message[0] === INITIATION) recorded.push(message.slice());
    return [1];
  };
  a.path.packet(b.id, 1);
  world.run(100);
  expect(kept).toEqual(b.core.timestamps());

  b.core.handshake(recorded[0]!, a.endpoint, world.nowMs);
  expect(b.core.status()[0]!.counters).toMatchObject({ responsesSent: 1, refused: { replayed: 1 } });

  world.restart(b);
  b.core.restoreTimestamps(kept);
  b.core.setPeers([world.peer(a)], world.nowMs);
  b.core.handshake(recorded[0]!, a.endpoint, world.nowMs);
  expect(b.core.status()[0]!.counters).toMatchObject({ responsesSent: 0, refused: { replayed: 1 } });
  expect(b.path.sessions).toEqual([]);
  // The peer itself comes in.
  b.path.packet(a.id, 2);
  a.core.wanted(b.id, world.nowMs);
  world.run(6_000);
  expect(world.agree(a, b)).toBe(true);
});

test("a clock ten years ahead keeps its node from beginning sessions, not from having them, and leaves nothing behind", () => {
  const world = new SealedWorld();
  const [a, b] = world.pair();
  a.wallOffsetMs = TEN_YEARS_MS;
  a.path.packet(b.id, 1);
  world.run(1_000);
  expect(b.core.status()[0]!).toMatchObject({
    counters: { refused: { future: 1 } },
    lastRefusal: { reason: "future" },
  });
  b.path.packet(a.id, 2);
  world.run(100);
  expect(world.agree(a, b)).toBe(true);

  a.wallOffsetMs = 0;
  world.run(200_000);
  expect(b.path.sessions).toEqual([]);
  a.path.packet(b.id, 3);
  world.run(100);
  expect(world.agree(a, b)).toBe(true);
  expect(a.core.status()[0]!.sessions.current!.initiated).toBe(true);
});

test("both clocks ten years ahead and back: the peers find each other again without new keys, and are warned", () => {
  const world = new SealedWorld();
  const [a, b] = world.pair();
  for (const node of [a, b]) node.wallOffsetMs = TEN_YEARS_MS;
  a.path.packet(b.id, 1);
  world.run(100);
  expect(world.agree(a, b)).toBe(true);
  for (const node of [a, b]) node.wallOffsetMs = 0;
  const timestamps = b.core.timestamps();
  world.restart(b);
  b.core.restoreTimestamps(timestamps);
  expect(b.warnings).toEqual([expect.stringContaining("lie more than ten minutes in the future and are ignored")]);
  b.core.setPeers([world.peer(a)], world.nowMs);
  // Silence after its packet makes the other side begin anew, with a timestamp ten years before its last.
  a.path.packet(b.id, 2);
  world.run(16_000);
  expect(world.agree(a, b)).toBe(true);
  expect(b.core.status()[0]!.counters.refused).toMatchObject({ replayed: 0, future: 0 });
});

test.each([
  ["stands still", 0],
  ["goes back five minutes", -300_000],
])("a clock that %s does not keep its node from renewing sessions", (_name, byMs) => {
  const world = new SealedWorld();
  const [a, b] = world.pair();
  a.path.packet(b.id, 1);
  world.run(100);
  const atMs = world.nowMs;
  for (let i = 0; i < 300; i++) {
    a.wallOffsetMs = byMs - (world.nowMs - atMs);
    a.path.packet(b.id, 2 + i);
    world.run(1_000);
  }
  expect(a.core.status()[0]!.counters.initiationsSent).toBe(3);
  expect(b.core.status()[0]!.counters).toMatchObject({ responsesSent: 3, refused: { replayed: 0 } });
  expect(b.path.received.length).toBe(301);
});

test("a clock that goes back ten years does not keep its node from renewing sessions: the second try is taken", () => {
  const world = new SealedWorld();
  const [a, b] = world.pair();
  a.path.packet(b.id, 1);
  world.run(100);
  a.wallOffsetMs = -TEN_YEARS_MS;
  for (let i = 0; i < 300; i++) {
    a.path.packet(b.id, 2 + i);
    world.run(1_000);
  }
  expect(b.core.status()[0]!.counters).toMatchObject({ responsesSent: 3, refused: { replayed: 2 } });
  expect(b.path.received.length).toBe(301);
});
