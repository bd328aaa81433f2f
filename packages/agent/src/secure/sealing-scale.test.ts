import { INITIATION, RESPONSE } from "@warren/common/wire/wireguard.ts";
import { expect, test } from "vitest";
import type { SealingOptions } from "./sealing-core.ts";
import { endpointOf, SealedWorld } from "./testing/sealed-world.ts";

/** One node that knows many, and when it sent which messages. */
function hub(count: number, options: Partial<SealingOptions>) {
  const world = new SealedWorld();
  const node = world.add({ ...options, activity: new Float64Array((count + 1) * 4) });
  const sent: { atMs: number; type: number; to: number }[] = [];
  world.link = (message, from, to) => {
    if (from === node.id) sent.push({ atMs: world.nowMs, type: message[0]!, to });
    return [1];
  };
  return { world, node, sent };
}

test("a node that starts amid many eager peers asks each once, one at a time, 300 in a second", () => {
  const { world, node, sent } = hub(300, { eager: true });
  const peer = world.peer(node);
  const key = (i: number) => Uint8Array.from(world.bytes(32), (byte, at) => (at === 31 ? i & 0x7f : byte));
  const peers = Array.from({ length: 300 }, (_, i) => ({
    ...peer,
    slot: i,
    nodeId: `node-${i}`,
    publicKey: key(i),
    endpoint: endpointOf(i + 2),
  }));
  const startMs = world.nowMs;
  node.core.setPeers(peers, startMs);
  // Nothing but the first is made in the call itself: the netmap of a large mesh does not hold up the agent.
  expect(sent.length).toBe(1);
  world.run(1_000);
  expect(new Set(sent.map(({ to }) => to)).size).toBe(300);
  expect(sent.length).toBe(300);
  const perMs = new Map<number, number>();
  for (const { atMs } of sent) perMs.set(Math.floor(atMs), (perMs.get(Math.floor(atMs)) ?? 0) + 1);
  expect(Math.max(...perMs.values())).toBe(1);
});

test("nodes that start together do not all begin with the same peer", () => {
  const firsts = Array.from({ length: 8 }, (_, seed) => {
    const { world, node, sent } = hub(30, { eager: true });
    world.bytes(seed * 7);
    const others = Array.from({ length: 30 }, () => world.add());
    node.core.setPeers(
      others.map((other) => world.peer(other)),
      world.nowMs,
    );
    return sent[0]!.to;
  });
  expect(new Set(firsts).size).toBeGreaterThan(4);
});

test("without traffic nobody is asked, and nothing has to be done at any time", () => {
  const { world, node, sent } = hub(100, {});
  const others = Array.from({ length: 100 }, () => world.add());
  node.core.setPeers(
    others.map((other) => world.peer(other)),
    world.nowMs,
  );
  expect(node.core.nextMs).toBe(Number.POSITIVE_INFINITY);
  world.run(600_000);
  expect(sent).toEqual([]);
});

test("after a restart everybody has a session again within ten seconds, also those who only listen", () => {
  const { world, node, sent } = hub(80, { eager: true, handshakesPerSecond: 25 });
  const others = Array.from({ length: 80 }, () => world.add());
  const peers = others.map((other) => world.peer(other));
  for (const other of others) other.core.setPeers([world.peer(node)], world.nowMs);
  node.core.setPeers(peers, world.nowMs);
  world.run(1_000);
  world.restart(node, { eager: true, handshakesPerSecond: 25 });
  sent.length = 0;
  node.core.setPeers(peers, world.nowMs);
  // Half of them begin by themselves in the same moment, which is more than is answered without a cookie.
  others.forEach((other, i) => void (i % 2 === 0 && other.core.wanted(node.id, world.nowMs)));
  world.run(10_000);
  expect(node.core.status().every(({ state }) => state === "up")).toBe(true);
  expect(others.every((other) => world.agree(node, other))).toBe(true);
  expect(sent.filter(({ type }) => type === INITIATION).length).toBeLessThanOrEqual(160);
  expect(sent.filter(({ type }) => type === RESPONSE).length).toBeLessThanOrEqual(160);
  expect(world.faults.found).toEqual([]);
});
