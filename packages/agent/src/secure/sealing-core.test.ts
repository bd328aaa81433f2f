import { COOKIE_REPLY, INITIATION, RESPONSE, TRANSPORT } from "@warren/common/wire/wireguard.ts";
import { afterEach, expect, test } from "vitest";
import { StaticKey } from "./handshake/static-key.ts";
import { endpointOf, type Link, SealedWorld, type WorldNode } from "./testing/sealed-world.ts";

let world = new SealedWorld();

afterEach(() => {
  expect(world.faults.found).toEqual([]);
  world = new SealedWorld();
});

const statusOf = (node: WorldNode, of: WorldNode) => node.core.status().find((peer) => peer.slot === of.id)!;

test("the first packet waits for a handshake of one round trip and then leaves", () => {
  const [a, b] = world.pair();
  a.path.packet(b.id, 7);
  world.run(2);
  expect(b.path.received).toEqual([]);
  world.run(1);
  expect(b.path.received).toEqual([7]);
  expect(a.path.calls.slice(1)).toEqual(["send 1", "install 1", "use 1", "keepalive 1"]);
  expect(b.path.calls.slice(1)).toEqual(["install 0", "send 2", "use 0"]);
  expect(statusOf(a, b)).toMatchObject({ state: "up", keyEpoch: 1, attempts: 0, lastHandshakeMs: 1002 });
  expect(statusOf(b, a)).toMatchObject({ state: "up", lastHandshakeMs: 1003 });
  expect(a.core.status()[0]!.counters).toMatchObject({ initiationsSent: 1, responsesReceived: 1 });
  expect(b.core.status()[0]!.counters).toMatchObject({ initiationsReceived: 1, responsesSent: 1 });
});

test("the responder seals nothing before the initiator has shown that it has the keys", () => {
  const [a, b] = world.pair();
  world.link = (message, from) => (from === a.id && message[0] === TRANSPORT ? [] : [1]);
  a.path.packet(b.id, 1);
  world.run(100);
  b.path.packet(a.id, 2);
  expect(b.path.inUse(a.id)).toBeUndefined();
  expect(b.path.waiting(a.id)).toBe(1);
  expect(statusOf(b, a).sessions.next).not.toBeNull();
});

test.each([
  ["initiation", INITIATION, 5_400],
  ["response", RESPONSE, 5_400],
  // The initiator's next packet confirms as well.
  ["confirmation", TRANSPORT, 1_100],
])("a lost %s is made good", (_name, type, withinMs) => {
  const [a, b] = world.pair();
  let lost = 0;
  world.link = (message) => (message[0] === type && lost++ === 0 ? [] : [1]);
  for (let i = 1; i <= withinMs / 100; i++) {
    a.path.packet(b.id, i);
    world.run(100);
  }
  expect(lost).toBeGreaterThan(1);
  expect(world.agree(a, b)).toBe(true);
});

test("a peer that goes has no session from that moment on, on either side of the list", () => {
  const [a, b] = world.pair();
  a.path.packet(b.id, 1);
  world.run(10);
  b.core.setPeers([world.peer(world.add())], world.nowMs);
  expect(b.path.sessions).toEqual([]);
  a.path.packet(b.id, 2);
  world.run(60_000);
  expect(b.path.received).toEqual([1]);
  expect(b.core.counters.refused["unknown-peer"]).toBeGreaterThan(0);
  // Another node in its slot has nothing of it either.
  a.core.setPeers([{ ...world.peer(b), nodeId: "another" }], world.nowMs);
  expect(a.path.sessions).toEqual([]);
  expect(statusOf(a, b)).toMatchObject({ state: "idle", nodeId: "another" });
});

test("a peer with a new key gets a new session at once, and is heard with the old one until then", () => {
  const [a, b] = world.pair();
  a.path.packet(b.id, 1);
  world.run(100);
  const old = a.path.inUse(b.id)!;
  const key = StaticKey.create(world.bytes(32));
  b.core.setKeys({ current: { epoch: 2, key }, previous: { epoch: 1, key: b.key } }, world.nowMs);
  a.core.setPeers([{ ...world.peer(b), publicKey: key.publicKey }], world.nowMs);
  a.path.packet(b.id, 2);
  expect(a.path.inUse(b.id)).toBe(old);
  world.run(10);
  expect(a.path.inUse(b.id)).not.toBe(old);
  expect(statusOf(b, a)).toMatchObject({ keyEpoch: 2, counters: { initiationsReceived: 2 } });
  expect(b.path.received).toEqual([1, 2]);
  expect(world.agree(a, b)).toBe(true);
});

test("during a rotation initiations to the previous key are answered, and not any more afterwards", () => {
  const [a, b] = world.pair();
  const key = StaticKey.create(world.bytes(32));
  b.core.setKeys({ current: { epoch: 2, key }, previous: { epoch: 1, key: b.key } }, world.nowMs);
  a.path.packet(b.id, 1);
  world.run(10);
  expect(b.path.received).toEqual([1]);
  expect(statusOf(b, a).keyEpoch).toBe(1);
  b.core.setKeys({ current: { epoch: 2, key }, previous: null }, world.nowMs);
  world.run(200_000);
  a.path.packet(b.id, 2);
  world.run(10);
  expect(b.path.received).toEqual([1]);
  expect(b.core.counters.refused.mac1).toBeGreaterThan(0);
});

test("a peer that knows the next key before the node knows that it does is answered", () => {
  const [a, b] = world.pair();
  const key = StaticKey.create(world.bytes(32));
  const next = { epoch: 2, key };
  b.core.setKeys({ current: { epoch: 1, key: b.key }, previous: null, next }, world.nowMs);
  a.core.setPeers([{ ...world.peer(b), publicKey: key.publicKey }], world.nowMs);
  a.path.packet(b.id, 1);
  world.run(10);
  expect(b.path.received).toEqual([1]);
  expect(statusOf(b, a).keyEpoch).toBe(2);
  b.core.setKeys({ current: next, previous: { epoch: 1, key: b.key } }, world.nowMs);
  expect(world.agree(a, b)).toBe(true);
});

test("an initiation under way with a key that is no more begins anew with the current one", () => {
  const [a, b] = world.pair();
  world.link = () => [];
  a.path.packet(b.id, 1);
  world.run(100);
  const key = StaticKey.create(world.bytes(32));
  a.core.setKeys({ current: { epoch: 2, key }, previous: null }, world.nowMs);
  b.core.setPeers([{ ...world.peer(a), publicKey: key.publicKey }], world.nowMs);
  world.link = () => [1];
  world.run(5_400);
  expect(b.path.received).toEqual([1]);
  expect(statusOf(a, b).keyEpoch).toBe(2);
});

test("the cipher changes while packets flow: the old sessions go on until the new ones are there, and none is lost", () => {
  const [a, b] = world.pair();
  a.path.packet(b.id, 1);
  world.run(10);
  const both = { cipher: "aes-256-gcm", acceptedCiphers: ["aes-256-gcm", "chacha20-poly1305"] } as const;
  a.core.setPeers([world.peer(b, both)], world.nowMs);
  let number = 1;
  const flow = (forMs: number) => {
    for (let i = 0; i < forMs; i++) {
      a.path.packet(b.id, ++number);
      b.path.packet(a.id, number);
      world.run(1);
    }
  };
  // The netmap of b is late: it knows nothing of the new name yet.
  flow(3_000);
  expect(statusOf(a, b)).toMatchObject({ state: "renewing", cipher: "chacha20-poly1305" });
  b.core.setPeers([world.peer(a, both)], world.nowMs);
  flow(50);
  expect(statusOf(a, b)).toMatchObject({ state: "up", cipher: "aes-256-gcm" });
  expect(statusOf(b, a)).toMatchObject({ state: "up", cipher: "aes-256-gcm" });
  const done = { cipher: "aes-256-gcm", acceptedCiphers: ["aes-256-gcm"] } as const;
  a.core.setPeers([world.peer(b, done)], world.nowMs);
  b.core.setPeers([world.peer(a, done)], world.nowMs);
  expect([...a.path.sessions, ...b.path.sessions].map((session) => session.cipher)).not.toContain("chacha20-poly1305");
  flow(50);
  world.run(5);
  expect([a.path.received.length, b.path.received.length]).toEqual([number - 1, number]);
});

test("an initiation under a name that is not taken from this peer is refused, though another may use it", () => {
  const [a, b] = world.pair({ cipher: "aes-256-gcm" });
  const c = world.add();
  b.core.setPeers([world.peer(a, { cipher: "chacha20-poly1305" }), world.peer(c, { cipher: "aes-256-gcm" })], 1_000);
  a.path.packet(b.id, 1);
  world.run(1_000);
  expect(b.path.sessions).toEqual([]);
  expect(statusOf(b, a).counters.refused.cipher).toBe(1);
  expect(statusOf(b, a).lastRefusal).toEqual({ reason: "cipher", atMs: 1_001 });
});

test("a pre-shared key has to be the same on both sides, and a change of it makes a new session", () => {
  const psk = world.bytes(32);
  const [a, b] = world.pair({ psk });
  expect(world.agree(a, b)).toBe(true);
  a.core.setPeers([world.peer(b, { psk: world.bytes(32) })], world.nowMs);
  world.run(20_000);
  expect(statusOf(a, b).counters.refused["not-authentic"]).toBeGreaterThan(0);
  expect(statusOf(a, b).sessions.current!.identity).toBe(0);
});

test("a peer roams with what is authentic, and only where that is allowed", () => {
  for (const allowRoaming of [true, false]) {
    world = new SealedWorld();
    const [a, b] = world.pair({ allowRoaming });
    a.path.packet(b.id, 1);
    world.run(10);
    const moved = endpointOf(a.id + 1, 40_000);
    a.endpoint = moved;
    a.path.packet(b.id, 2);
    world.run(10);
    const expected = allowRoaming ? moved : endpointOf(a.id + 1);
    expect(statusOf(b, a).endpoint).toEqual(expected);
    expect(b.path.calls.filter((call) => call === "redirect 0").length).toBe(allowRoaming ? 2 : 1);
    // What is not authentic moves nobody.
    b.core.handshake(new Uint8Array(148).fill(1, 0, 1), endpointOf(99), world.nowMs);
    expect(statusOf(b, a).endpoint).toEqual(expected);
    // A netmap that says the same again does not undo it.
    b.core.setPeers([world.peer(a, { allowRoaming })], world.nowMs);
    expect(statusOf(b, a).endpoint).toEqual(expected);
  }
});

test("a peer without an address is waited for, and what is for it does not wait", () => {
  const [a, b] = world.pair({ endpoint: null });
  a.path.packet(b.id, 1);
  expect(a.path.discarded).toBe(1);
  expect(a.path.calls).toEqual(["discard 1"]);
  b.core.setPeers([world.peer(a)], world.nowMs);
  b.path.packet(a.id, 2);
  world.run(100);
  expect(world.agree(a, b)).toBe(true);
  expect(statusOf(a, b).endpoint).toEqual(b.endpoint);
});

test("nobody takes a key from its owner by claiming it", () => {
  const [a, b] = world.pair();
  const thief = { ...world.peer(a), slot: 5, nodeId: "thief", endpoint: endpointOf(50) };
  b.core.setPeers([thief, world.peer(a)], world.nowMs);
  expect(b.warnings).toEqual([expect.stringContaining("node thief claims the public key of another node")]);
  a.path.packet(b.id, 1);
  world.run(10);
  expect(statusOf(b, a).state).toBe("up");
  // Once the owner is gone, it is the other's.
  b.core.setPeers([thief], world.nowMs);
  expect(b.warnings.length).toBe(1);
});

test("whatever arrives is refused by reason and changes nothing", () => {
  const [a, b] = world.pair();
  const sent: Uint8Array[] = [];
  const tap: Link = (message) => {
    sent.push(message.slice());
    return [1];
  };
  world.link = tap;
  a.path.packet(b.id, 1);
  world.run(10);
  const before = JSON.stringify(b.core.status().map(({ sessions }) => sessions));
  for (const message of sent.filter((bytes) => bytes[0]! <= COOKIE_REPLY)) {
    for (let at = 0; at < message.length; at += 3) {
      const broken = message.slice();
      broken[at]! ^= 0x40;
      for (const node of [a, b]) node.core.handshake(broken, endpointOf(77), world.nowMs);
      for (const node of [a, b]) node.core.handshake(message.slice(0, at), endpointOf(77), world.nowMs);
    }
  }
  world.run(100);
  expect(JSON.stringify(b.core.status().map(({ sessions }) => sessions))).toBe(before);
  // Of the initiation's 50 bytes that were broken, two are of the type, and six of mac2, which nobody looks at yet.
  expect(b.core.counters.refused).toMatchObject({ mac1: 42, malformed: 85 });
  expect(statusOf(b, a).counters.refused).toMatchObject({ flood: 6, replayed: 0 });
});

test("after a time that no clock of the path has counted, every session is made anew, once, and packets wait for it", () => {
  const [a, b] = world.pair();
  a.path.packet(b.id, 1);
  world.run(1_000);
  const before = statusOf(a, b).lastHandshakeMs;
  a.core.renew(0, world.nowMs);
  expect(statusOf(a, b).sessions.current).toBeNull();
  a.path.packet(b.id, 2);
  a.core.renew(0, world.nowMs);
  world.run(10);
  a.core.renew(10, world.nowMs);
  expect(b.path.received).toEqual([1, 2]);
  expect(statusOf(a, b).lastHandshakeMs).toBeGreaterThan(before);
  expect(statusOf(a, b).counters).toMatchObject({ initiationsSent: 2 });
  expect(world.agree(a, b)).toBe(true);
});
