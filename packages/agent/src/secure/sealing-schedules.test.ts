import fc from "fast-check";
import { expect, test } from "vitest";
import { StaticKey } from "./handshake/static-key.ts";
import { SealedWorld, type WorldNode } from "./testing/sealed-world.ts";

const BOTH = ["aes-256-gcm", "chacha20-poly1305"] as const;

/** What can befall two nodes; times in ms. */
const event = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constant("packet" as const), from: fc.nat(1) }) },
  { weight: 6, arbitrary: fc.record({ kind: fc.constant("wait" as const), ms: fc.oneof(fc.nat(40), fc.nat(20_000)) }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant("long" as const), ms: fc.integer({ min: 60_000, max: 600_000 }) }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("link" as const), loss: fc.nat(100), lateMs: fc.nat(3_000) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("restart" as const), node: fc.nat(1) }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant("cipher" as const), node: fc.nat(1), cipher: fc.constantFrom(...BOTH) }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("rotate" as const), node: fc.nat(1) }) },
);

test("whatever happens, keys and indices are used once, nothing outlives its time, and a healed link agrees in 10 s", () => {
  fc.assert(
    fc.property(fc.integer(), fc.array(event, { minLength: 5, maxLength: 40 }), (seed, events) => {
      const world = new SealedWorld(seed);
      const how = { cipher: BOTH[0] as (typeof BOTH)[number], acceptedCiphers: BOTH, allowRoaming: true };
      const [a, b] = world.pair(how);
      const nodes = [a, b];
      const ciphers = [how.cipher, how.cipher];
      const epochs = [1, 1];
      const other = (node: WorldNode) => (node === a ? b : a);
      const tell = (node: WorldNode) => {
        node.core.setPeers([world.peer(other(node), { ...how, cipher: ciphers[node.id]! })], world.nowMs);
      };
      let packets = 0;
      for (const happening of events) {
        if (happening.kind === "packet") {
          const from = nodes[happening.from]!;
          from.path.packet(other(from).id, ++packets);
        } else if (happening.kind === "wait" || happening.kind === "long") world.run(happening.ms);
        else if (happening.kind === "link") {
          world.link = () => {
            if (world.random() * 100 < happening.loss) return [];
            const delays = [1 + world.random() * happening.lateMs];
            return world.random() < 0.1 ? [...delays, ...delays] : delays;
          };
        } else if (happening.kind === "restart") {
          const node = nodes[happening.node]!;
          const timestamps = node.core.timestamps();
          world.restart(node);
          node.core.restoreTimestamps(timestamps);
          tell(node);
        } else if (happening.kind === "cipher") {
          ciphers[happening.node] = happening.cipher;
          tell(nodes[happening.node]!);
        } else {
          const node = nodes[happening.node]!;
          const previous = { epoch: epochs[node.id]!++, key: node.key };
          node.key = StaticKey.create(world.bytes(32));
          node.core.setKeys({ current: { epoch: epochs[node.id]!, key: node.key }, previous }, world.nowMs);
          tell(other(node));
        }
      }
      // The netmap reaches both, the link heals, what is still under way on it arrives. Then both have something to say.
      ciphers.fill(how.cipher);
      for (const node of nodes) tell(node);
      world.link = () => [1];
      for (let i = 0; i < 100; i++) {
        for (const node of nodes) node.path.packet(other(node).id, ++packets);
        world.run(100);
      }
      const [inA, inB] = [a.path.inUse(b.id), b.path.inUse(a.id)];
      expect(world.agree(a, b)).toBe(true);
      expect([inA?.cipher, inB?.cipher]).toEqual([how.cipher, how.cipher]);
      expect(a.path.sessions.length + b.path.sessions.length).toBeLessThanOrEqual(6);
      world.run(700_000);
      expect([...a.path.sessions, ...b.path.sessions].filter((held) => held.rejectAfterMs <= world.nowMs)).toEqual([]);
      expect(world.faults.found).toEqual([]);
    }),
    { numRuns: 60 },
  );
});
