import { expect, test } from "vitest";
import { SealedWorld } from "./testing/sealed-world.ts";

test("initiations that cross leave both sides with one session, whatever arrives first and whatever is lost", () => {
  // Six messages matter: two initiations, two responses, two confirmations. Each is on time, late, or lost.
  const fates = [[1], [4], []];
  for (let schedule = 0; schedule < fates.length ** 6; schedule++) {
    const world = new SealedWorld(schedule);
    const [a, b] = world.pair();
    const count = new Map<string, number>();
    world.link = (message, from) => {
      const kind = `${from} ${message[0]}`;
      const place = count.get(kind) ?? 0;
      count.set(kind, place + 1);
      if (place > 0) return [1];
      return fates[Math.floor(schedule / fates.length ** (from * 3 + Math.min(message[0]!, 3) - 1)) % fates.length]!;
    };
    a.path.packet(b.id, 1);
    b.path.packet(a.id, 2);
    world.run(20);
    // What was lost is tried again after five seconds; then both have said something with a session.
    world.run(6_000);
    a.path.packet(b.id, 3);
    b.path.packet(a.id, 4);
    world.run(6_000);
    for (let i = 0; i < 3; i++) expect(world.agree(a, b), `schedule ${schedule}`).toBe(true);
    expect(new Set(a.path.received)).toContain(4);
    expect(new Set(b.path.received)).toContain(3);
    const [inA, inB] = [a.path.inUse(b.id)!, b.path.inUse(a.id)!];
    expect([inA.localIndex, inA.remoteIndex], `schedule ${schedule}`).toEqual([inB.remoteIndex, inB.localIndex]);
    expect(world.faults.found).toEqual([]);
    expect([a.path.lost, b.path.lost]).toEqual([0, 0]);
  }
});

test("a peer that lost its keys a second after it got them is talked to again as soon as it has new ones", () => {
  // Which of two sessions has the lower index is chance: a few worlds show both.
  for (let seed = 1; seed <= 8; seed++) {
    const world = new SealedWorld(seed);
    const [a, b] = world.pair();
    a.path.packet(b.id, 1);
    world.run(1_000);
    world.restart(b);
    b.core.setPeers([world.peer(a)], world.nowMs);
    b.path.packet(a.id, 2);
    world.run(10);
    expect(world.agree(a, b), `seed ${seed}`).toBe(true);
  }
});

test("a renewal while both send loses no packet, also when both begin it in the same moment", () => {
  const world = new SealedWorld();
  const [a, b] = world.pair();
  world.link = () => [20 + Math.floor(world.random() * 10)];
  a.path.packet(b.id, 1);
  b.path.packet(a.id, 1);
  for (let number = 2; number < 70_000; number++) {
    world.run(10);
    a.path.packet(b.id, number);
    b.path.packet(a.id, number);
  }
  world.run(100);
  const begun = [a, b].map((node) => node.core.status()[0]!.counters.initiationsSent);
  expect(begun[0]! + begun[1]!).toBeGreaterThan(5);
  expect(world.faults.found).toEqual([]);
  for (const { path } of [a, b]) {
    expect(path.received.length).toBe(69_999);
    expect([path.lost, path.discarded]).toEqual([0, 0]);
  }
});
