import { COOKIE_REPLY, INITIATION, RESPONSE } from "@warren/common/wire/wireguard.ts";
import { expect, test } from "vitest";
import { createInitiation } from "./handshake/initiator.ts";
import { StaticKey } from "./handshake/static-key.ts";
import { tai64n } from "./handshake/tai64n.ts";
import { endpointOf, SealedWorld, WALL_MS, type WorldNode } from "./testing/sealed-world.ts";

/** An initiation of somebody who knows the public key and has one of his own that nobody knows. */
function strangers(world: SealedWorld, to: WorldNode, count: number): Uint8Array[] {
  const local = StaticKey.create(world.bytes(32));
  const first = createInitiation({
    local,
    remotePublicKey: to.key.publicKey,
    cipher: "chacha20-poly1305",
    localIndex: 1,
    ephemeral: world.bytes(32),
    timestamp: tai64n(WALL_MS),
  })!;
  // mac1 covers neither mac2 nor is it costly to make: the same message serves as well as another.
  return Array.from({ length: count }, () => first.message.slice());
}

test("ten thousand forged initiations in a second cost a bounded number of key agreements and no memory", () => {
  const world = new SealedWorld();
  const [a, b] = world.pair({}, { handshakesPerSecond: 50 });
  const flood = strangers(world, b, 10_000);
  const replies: Uint8Array[] = [];
  world.link = (message) => {
    if (message[0] === COOKIE_REPLY) replies.push(message);
    return [1];
  };
  const connected: boolean[] = [];
  flood.forEach((message, i) => {
    // Before, amid and after it, at ten datagrams a millisecond and from ever new addresses.
    if (i === 5_000) a.path.packet(b.id, 1);
    b.core.handshake(message, endpointOf(1_000 + (i % 50_000)), world.nowMs);
    if (i % 10 === 9) world.run(1);
    connected.push(b.path.received.length > 0);
  });
  const { refused, cookieRepliesSent } = b.core.counters;
  // What was looked at: fifty, before there was load.
  expect(refused["not-authentic"] + refused["unknown-peer"]).toBe(50);
  expect(cookieRepliesSent).toBeLessThanOrEqual(500);
  expect(replies.length).toBe(cookieRepliesSent);
  expect(refused.load + cookieRepliesSent + 50).toBeGreaterThanOrEqual(10_000);
  expect(b.core.status()[0]!.sessions).toEqual({ previous: null, current: null, next: null });
  expect(connected.at(-1)).toBe(false);
});

test("who shows a cookie is answered in the middle of the flood", () => {
  const world = new SealedWorld();
  const [a, b] = world.pair({}, { handshakesPerSecond: 50 });
  const flood = strangers(world, b, 1);
  a.path.packet(b.id, 1);
  const stormy = () => {
    // 200 a second: load, but not more than is answered with cookies.
    for (let i = 0; i < 2; i++) b.core.handshake(flood[0]!, endpointOf(5_000 + i), world.nowMs);
    world.run(10);
  };
  world.link = () => [];
  for (let i = 0; i < 100; i++) stormy();
  world.link = () => [1];
  for (let i = 0; i < 1_100 && b.path.received.length === 0; i++) stormy();
  expect(b.path.received).toEqual([1]);
  expect(a.core.status()[0]!.counters).toMatchObject({ cookieRepliesReceived: 1, responsesReceived: 1 });
  expect(world.nowMs).toBeLessThan(12_500);
});

test("one address that shows a cookie is held to a rate, and others are not held up by it", () => {
  const world = new SealedWorld();
  const [a, b] = world.pair({}, { handshakesPerSecond: 10 });
  const c = world.add();
  c.core.setPeers([world.peer(b)], world.nowMs);
  b.core.setPeers([world.peer(a), world.peer(c)], world.nowMs);
  let last = new Uint8Array(0);
  world.link = (message, from) => {
    if (from === a.id && message[0] === INITIATION) last = message.slice();
    return [1];
  };
  const [filler] = strangers(world, b, 1);
  const storm = () => {
    for (let i = 0; i < 6; i++) b.core.handshake(filler!, endpointOf(60_000), world.nowMs);
  };
  for (let i = 0; i < 2; i++) storm();
  a.path.packet(b.id, 1);
  for (let i = 0; i < 60; i++) {
    world.run(100);
    storm();
  }
  expect(a.core.status()[0]!.counters.cookieRepliesReceived).toBe(1);
  expect(b.path.received).toEqual([1]);
  // The same message again and again, cookie and all: five are looked at, then twenty a second.
  for (let i = 0; i < 100; i++) b.core.handshake(last, a.endpoint, world.nowMs);
  expect(b.core.counters.refused.limited).toBe(95);
  world.run(1_000);
  for (let i = 0; i < 2; i++) storm();
  c.path.packet(b.id, 2);
  for (let i = 0; i < 60; i++) {
    world.run(100);
    storm();
  }
  expect(b.path.received).toEqual([1, 2]);
});

test("a response to our own initiation needs no cookie under load, unless forged ones came before", () => {
  const world = new SealedWorld();
  const [a, b] = world.pair({}, { handshakesPerSecond: 10 });
  const [filler] = strangers(world, a, 1);
  const storm = () => {
    for (let i = 0; i < 12; i++) a.core.handshake(filler!, endpointOf(60_000), world.nowMs);
  };
  storm();
  a.path.packet(b.id, 1);
  world.run(5);
  expect(b.path.received).toEqual([1]);

  // Somebody on the path spoils the next response before it arrives.
  const spoilt: Uint8Array[] = [];
  world.link = (message, from) => {
    if (from === b.id && message[0] === RESPONSE) {
      spoilt.push(message.slice());
      return [];
    }
    return [1];
  };
  world.run(200_000);
  a.path.packet(b.id, 2);
  world.run(5);
  expect(spoilt.length).toBe(1);
  const cookies = a.core.counters.cookieRepliesSent;
  storm();
  const forged = spoilt[0]!.slice();
  forged[91]! ^= 1;
  a.core.handshake(forged, b.endpoint, world.nowMs);
  expect(a.core.counters.cookieRepliesSent - cookies).toBe(2);
});

test("initiations of one peer are answered once in twenty milliseconds", () => {
  const world = new SealedWorld();
  const [, b] = world.pair();
  const insider = StaticKey.create(world.bytes(32));
  b.core.setPeers([{ ...world.peer(b), slot: 9, nodeId: "insider", publicKey: insider.publicKey }], world.nowMs);
  for (let i = 0; i < 100; i++) {
    const { message } = createInitiation({
      local: insider,
      remotePublicKey: b.key.publicKey,
      cipher: "chacha20-poly1305",
      localIndex: i,
      ephemeral: world.bytes(32),
      timestamp: tai64n(WALL_MS + i * 20),
    })!;
    b.core.handshake(message, endpointOf(9), world.nowMs + i);
  }
  expect(b.core.status()[0]!.counters).toMatchObject({ responsesSent: 5, refused: { flood: 95 } });
  expect(b.path.sessions.length).toBe(1);
});
